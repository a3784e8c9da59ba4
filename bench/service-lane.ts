import { SendCodeRequestSchema, VerifyCodeRequestSchema } from "../src/gen/countersign/v1/code_service_pb.js";
import type { Lane } from "./lane.ts";
import { measure, merge, type Sample } from "./measure.ts";
import type { Measured } from "./processes.ts";
import { burstCalls, expecting } from "./scenario.ts";
import { createGrpcWire, createJsonWire, refusedStatus, type Wire } from "./wires.ts";

type ServiceOptions = {
  readonly name: string;
  readonly measured: Measured;
  readonly wire: "grpc" | "json";
  readonly parallel: number;
  /** Gives numbers that were never written to: limits are per recipient. */
  readonly newNumber: () => string;
};

type Sent = { readonly challengeId: string; readonly code: string };
type Call = () => Promise<void>;
type Calls = { send(): Call; verify(sent: Sent): Call; guessWrong(sent: Sent): Call };

/** The service, as it is started in development mode. */
export function createServiceLane(options: ServiceOptions): Lane {
  const { name, measured, parallel } = options;
  const wire = options.wire === "grpc" ? createGrpcWire(measured.addresses.grpc) : createJsonWire(measured.addresses.http);
  const calls = createCalls(wire, options.newNumber);
  const run = (burst: readonly Call[]) => measure(measured, parallel, burst);
  const inbox = () => readInbox(measured.addresses.http);
  return {
    async round(seconds) {
      const [sends, rights, wrongs, pairs]: [Sample[], Sample[], Sample[], Sample[]] = [[], [], [], []];
      while (merge(sends).seconds < seconds) {
        sends.push(await run(burst(calls.send)));
        const [forRight, forWrong] = halves(await inbox());
        rights.push(await run(forRight.map(calls.verify)));
        wrongs.push(await run([...forWrong, ...forWrong].map(calls.guessWrong)));
      }
      await run(burst(calls.send));
      while (merge(pairs).seconds < seconds) pairs.push(await run((await inbox()).map((sent) => inTurn(calls.send(), calls.verify(sent)))));
      const results = { SendCode: sends, "VerifyCode right": rights, "VerifyCode wrong": wrongs, "pair send+verify": pairs };
      return new Map(Object.entries(results).map(([scenario, samples]) => [`${name} ${scenario}`, merge(samples)]));
    },
    close: () => wire.close(),
  };
}

const codeService = "/countersign.v1.CodeService";

function createCalls(wire: Wire, newNumber: () => string): Calls {
  const verifying = (status: string, { challengeId, code }: Sent): Call => {
    const request = wire.encode(`${codeService}/VerifyCode`, VerifyCodeRequestSchema, { challengeId, code, purpose: "login" });
    return () => expecting(status, wire.call(request));
  };
  return {
    send() {
      const recipient = { kind: { case: "phoneNumber", value: newNumber() } } as const;
      const request = wire.encode(`${codeService}/SendCode`, SendCodeRequestSchema, { recipient, purpose: "login" });
      return () => expecting("ok", wire.call(request));
    },
    verify: (sent) => verifying("ok", sent),
    guessWrong: ({ challengeId, code }) => verifying(refusedStatus, { challengeId, code: code === "000000" ? "000001" : "000000" }),
  };
}

const burst = (make: () => Call): readonly Call[] => Array.from({ length: burstCalls }, make);
const inTurn =
  (first: Call, second: Call): Call =>
  async () => {
    await first();
    await second();
  };

function halves<T>(list: readonly T[]): readonly [readonly T[], readonly T[]] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}

/** The codes of the last burst, all at once and while no clock runs. */
async function readInbox(address: string): Promise<readonly Sent[]> {
  const response = await fetch(`http://${address}/dev/inbox`);
  return ((await response.json()) as readonly Sent[]).slice(0, burstCalls);
}
