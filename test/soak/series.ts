/** Samples of a service that stays as it is, of which a test changes what it is about. */
import type { Ended, Sample } from "../../soak/sample.ts";

const seconds = 5;

/** As in half an hour; noise that is the same in every run. */
export function makeSeries(change: (sample: Sample, share: number, index: number) => Partial<Sample> = () => ({}), count = 360): Sample[] {
  return Array.from({ length: count }, (_, index) => {
    const noise = (width: number): number => width * Math.sin(index * 12.9898) * Math.cos(index * 4.1414);
    const sample: Sample = {
      seconds: (index + 1) * seconds,
      calls: 500,
      receipts: index * 100,
      rssMib: 350 + noise(15),
      ...(index % 3 === 0 && { heapMib: 55 + noise(2), threadsHeapMib: 10 + noise(0.3) }),
      externalMib: 12 + noise(3),
      files: Math.round(70 + noise(15)),
      sockets: Math.round(40 + noise(15)),
      threads: 12,
      handles: Math.round(50 + noise(20)),
      loopDelayMs: 15 + noise(5),
      cpuMicrosPerCall: 3000 + noise(600),
      latencies: {
        SendCode: { count: 200, p50: 12 + noise(3), p99: 60 + noise(30) },
        VerifyCode: { count: 200, p50: 6 + noise(2), p99: 30 + noise(15) },
      },
      stretch: 1.2 + noise(0.1),
      databaseMib: 20,
      outcomes: { OK: 500 },
    };
    return { ...sample, ...change(sample, index / count, index) };
  });
}

const atRest = {
  handles: 7,
  files: 34,
  underWay: { countersign_watchers: 0, 'countersign_requests_in_flight{rpc="SendCode",wire="grpc"}': 0 },
};

export const wellEnded: Ended = { before: atRest, after: atRest, exitCode: 0, faults: 0, unexpected: [], acts: { cancel: 7, reload: 30 } };
