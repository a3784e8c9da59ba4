/**
 * One process against several, on calls of which most of the work is the service's own: a refusal of what is malformed, which asks
 * nothing of the store, and a challenge that is read. Both services stand there all the time and take turns in every round; what is
 * compared is compared within a round. So is what processes that only compute gain from each other, at the same moments: more than the
 * machine has cannot be had.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.ts";
import { openRawLoad } from "./raw-load.ts";
import { type Spread, spreadOf } from "./report.ts";
import { shareCore } from "./share-core.ts";
import { startSpinners } from "./spinners.ts";
import { sandbox, startWorkersService, type WorkersService } from "./workers-service.ts";

type Measure = { readonly perSecond: number; readonly cpuMicros: number; readonly cores: number; readonly loadCores: number };
type Pair = { readonly one: Measure; readonly several: Measure; readonly machine: number };
type Sides = Readonly<Record<"one" | "several", (seconds: number) => Promise<Measure>>>;

const spinSeconds = 0.5;
/** Only code that has run some thousand times, in each process, runs as it always will. */
const warmUp = { callsPerWorker: 6_000, mostSeconds: 60 } as const;

export async function compareWorkers(args: readonly string[]): Promise<void> {
  const { workers, seconds, rounds, json, share } = readOptions(args);
  await using cleanUp = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  const machine = describeMachine(folder);
  const limit = (pids: readonly number[]): void => {
    if (share < 1) for (const pid of pids) cleanUp.defer(shareCore(pid, share));
  };
  const start = async (count: number): Promise<WorkersService> => {
    const service = await startWorkersService(count, folder);
    limit(service.pids);
    cleanUp.defer(() => service.stop());
    return service;
  };
  const spinners = startSpinners(workers);
  limit(spinners.pids);
  cleanUp.defer(() => spinners.close());
  const spin = async (): Promise<number> => {
    const one = await spinners.run(1, spinSeconds);
    return (await spinners.run(workers, spinSeconds)) / one;
  };
  const services = { one: await start(1), several: await start(workers) };
  const rows = [];
  for (const [name, requestOf] of Object.entries(calls)) {
    const one = await createMeasure(services.one, requestOf, cleanUp);
    const several = await createMeasure(services.several, requestOf, cleanUp);
    const pairs: Pair[] = [];
    for (let round = 0; round < rounds; round++) pairs.push(await playRound(round, { one, several }, { seconds, spin }));
    rows.push(summarize(name, pairs));
  }
  if (json) return say(JSON.stringify({ machine, workers, share, seconds, rounds, rows }, undefined, 2));
  const cores = share < 1 ? `, each with ${share} of a core` : "";
  say(`${machine}\n${rounds} rounds of ${seconds} s each, ${workers} workers against 1${cores}; medians, spread in brackets\n`);
  for (const row of rows) say(describeRow(row));
}

/** Whoever begins has the machine as the other left it: they take turns in that, too. */
async function playRound(round: number, { one, several }: Sides, { seconds, spin }: { seconds: number; spin: () => Promise<number> }) {
  if (round % 2 === 0) return { one: await one(seconds), several: await several(seconds), machine: await spin() };
  const last = await several(seconds);
  return { one: await one(seconds), several: last, machine: await spin() };
}

type Request = { readonly body: Buffer; readonly status: number };

const calls: Readonly<Record<string, (service: WorkersService) => Promise<Request>>> = {
  "GetChallenge, refused as malformed (no store)": async ({ key }) => ({
    body: requestBytes("GetChallenge", key, { challengeId: "no id of ours" }),
    status: 400,
  }),
  "GetChallenge (one read of the store)": async ({ key, http }) => {
    const sent = await fetch(`http://${http}${pathOf("SendCode")}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ recipient: { phoneNumber: sandbox.recipient } }),
    });
    const { challenge } = (await sent.json()) as { challenge?: { challengeId: string } };
    if (!challenge) throw new Error(`a challenge could not be opened: HTTP ${sent.status}`);
    return { body: requestBytes("GetChallenge", key, { challengeId: challenge.challengeId }), status: 200 };
  },
};

const pathOf = (method: string): string => `/countersign.v1.CodeService/${method}`;

function requestBytes(method: string, key: string, message: object): Buffer {
  const body = JSON.stringify(message);
  const head = [
    `POST ${pathOf(method)} HTTP/1.1`,
    "host: bench",
    "content-type: application/json",
    `authorization: Bearer ${key}`,
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

async function createMeasure(
  service: WorkersService,
  requestOf: (service: WorkersService) => Promise<Request>,
  cleanUp: AsyncDisposableStack,
): Promise<(seconds: number) => Promise<Measure>> {
  const { body, status } = await requestOf(service);
  const load = await openRawLoad({ address: service.http, request: body, status });
  cleanUp.defer(() => load.close());
  let [warmed, tookSeconds] = [0, 0];
  while (warmed < warmUp.callsPerWorker * service.workers && tookSeconds < warmUp.mostSeconds) {
    const { calls: count, seconds } = await load.run(1);
    warmed += count;
    tookSeconds += seconds;
  }
  return async (wanted) => {
    const [cpuBefore, ownBefore] = [service.cpuSeconds(), process.cpuUsage()];
    const { calls: count, seconds } = await load.run(wanted);
    const cpu = service.cpuSeconds() - cpuBefore;
    const { user, system } = process.cpuUsage(ownBefore);
    return { perSecond: count / seconds, cpuMicros: (cpu / count) * 1e6, cores: cpu / seconds, loadCores: (user + system) / 1e6 / seconds };
  };
}

function summarize(scenario: string, pairs: readonly Pair[]) {
  const spread = (value: (pair: Pair) => number): Spread => spreadOf(pairs.map(value));
  const side = (which: keyof Sides) => ({
    perSecond: spread((pair) => pair[which].perSecond),
    cpuMicros: spread((pair) => pair[which].cpuMicros),
    cores: spread((pair) => pair[which].cores),
    loadCores: spread((pair) => pair[which].loadCores),
  });
  return {
    scenario,
    one: side("one"),
    several: side("several"),
    ratio: spread(({ one, several }) => several.perSecond / one.perSecond),
    machine: spread(({ machine }) => machine),
    cpuRatio: spread(({ one, several }) => several.cpuMicros / one.cpuMicros),
  };
}

function describeRow({ scenario, one, several, ratio, machine, cpuRatio }: ReturnType<typeof summarize>): string {
  const side = (name: string, { perSecond, cpuMicros, cores, loadCores }: typeof one): string =>
    `  ${name.padEnd(8)}${text(perSecond, 0)} calls/s, ${text(cpuMicros, 0)} µs of CPU per call, ${text(cores, 2)} cores; the load takes ${text(loadCores, 2)}`;
  const ratios = `  calls/s: ${text(ratio, 2)} times as many, where processes that only compute did ${text(machine, 2)}; CPU per call: ${text(cpuRatio, 2)}`;
  return [scenario, side("one", one), side("several", several), ratios, ""].join("\n");
}

const text = ({ median, min, max }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;

function readOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      workers: { type: "string", default: "2" },
      seconds: { type: "string", default: "3" },
      rounds: { type: "string", default: "7" },
      share: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
    },
  });
  const whole = (name: "workers" | "rounds" | "seconds", min: number, max: number): number => {
    const number = Number(values[name]);
    if (Number.isInteger(number) && number >= min && number <= max) return number;
    throw new Error(`--${name}: write a whole number from ${min} to ${max}, not ${JSON.stringify(values[name])}`);
  };
  const share = Number(values.share);
  if (!(share >= 0.1 && share <= 1)) throw new Error(`--share: write a number from 0.1 to 1, not ${JSON.stringify(values.share)}`);
  return { share, workers: whole("workers", 2, 64), seconds: whole("seconds", 1, 60), rounds: whole("rounds", 1, 100), json: values.json };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
