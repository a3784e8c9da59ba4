/** The service as it is, without its wires: its rules, its guard, its store; a carrier that delivers at once, and a clock of our own. */
import { openBlockTable } from "../src/abuse/block-table.ts";
import { openGuard } from "../src/assemble/create-guard.ts";
import { parseRecipient } from "../src/channels/recipient.ts";
import { createSmsRoute } from "../src/channels/sms.ts";
import type { Config } from "../src/config/config.ts";
import type { OtpDeps } from "../src/otp/deps.ts";
import type { SendGuard, TrafficObserver } from "../src/otp/guard-ports.ts";
import { createKeyring } from "../src/otp/keyring.ts";
import type { Carrier } from "../src/otp/ports.ts";
import { createRandom } from "../src/otp/random.ts";
import { sendCode } from "../src/otp/send-code.ts";
import { createStretch } from "../src/otp/stretch.ts";
import { createPretence } from "../src/otp/substitute-carriers.ts";
import type { Block } from "../src/otp/traffic.ts";
import type { Application, Call } from "../src/otp/types.ts";
import { verifyCode } from "../src/otp/verify-code.ts";
import { openSqliteStore } from "../src/store/sqlite.ts";
import { createEvents } from "../src/telemetry/events.ts";
import { createLog } from "../src/telemetry/log.ts";
import { createMetrics } from "../src/telemetry/metrics.ts";

export type Simulated = {
  readonly clock: { now(): number; set(ms: number): void };
  send(number: string, ipAddress: string): Promise<{ readonly reason: string; readonly challengeId: string; readonly code: string }>;
  verify(challengeId: string, code: string): Promise<string>;
  blocks(): Promise<readonly Block[]>;
  close(): Promise<void>;
};

const dead = new AbortController().signal;

export async function startSimulated(config: Config, application: Application): Promise<Simulated> {
  await using parts = new AsyncDisposableStack();
  const moments = new BigInt64Array(new SharedArrayBuffer(8));
  const clock = {
    now: () => Number(Atomics.load(moments, 0)),
    set: (ms: number) => void Atomics.store(moments, 0, BigInt(Math.floor(ms))),
  };
  // Ahead of the real clock, by which the store sweeps what is long over.
  clock.set(Date.parse("2100-01-05T00:00:00Z"));
  const store = await openSqliteStore({ path: ":memory:", clock: moments.buffer });
  parts.defer(() => store.close());
  const { logger } = createLog({ level: "silent" });
  const metrics = createMetrics(clock.now);
  const [random, events] = [createRandom(), createEvents(logger)];
  const keyring = createKeyring(config.secrets, random);
  const onFault = (cause: unknown) => {
    throw cause;
  };
  const blocks = await openBlockTable({ store, onFault });
  parts.defer(() => blocks.close());
  const opened = await openGuard(config, { store, keyring, blocks, random, now: clock.now, events, logger, metrics, onFault }, parts);
  const guard = opened.guard as SendGuard;
  const traffic = opened.traffic as TrafficObserver & { settled(): Promise<void> };
  let lastCode = "";
  const carrier: Carrier = {
    async carry(message, { onAttempt }) {
      lastCode = message.code;
      const attempt = { provider: "simulated", result: { outcome: "accepted" }, durationMs: 1 } as const;
      onAttempt(attempt);
      return attempt;
    },
  };
  const deps: OtpDeps = {
    ledgers: store,
    keyring,
    stretch: createStretch(),
    random,
    parseRecipient,
    routes: new Map([["sms", createSmsRoute(carrier)]]),
    guard,
    traffic,
    pretence: createPretence(random),
    events,
    maxDeadlineMs: 15_000,
  };
  const call: Call = { caller: { application, kind: "service", rights: ["codes"], keyId: "simulation" }, signal: dead };
  const held = parts.move();
  return {
    clock,
    async send(number, ipAddress) {
      lastCode = "";
      const result = await sendCode(deps, requestTo(number, ipAddress), call);
      // Counting goes on behind the answer; here, where a day passes in seconds, it is waited for.
      await traffic.settled();
      return { reason: result.ok ? "OK" : result.refusal.reason, challengeId: result.ok ? result.value.challengeId : "", code: lastCode };
    },
    async verify(challengeId, code) {
      const result = await verifyCode(deps, { challengeId, code, purpose: "", binding: {}, requestId: "" }, call);
      await traffic.settled();
      return result.ok ? "OK" : result.refusal.reason;
    },
    blocks: () => store.listBlocks({ limit: 1_000 }),
    close: () => held.disposeAsync(),
  };
}

const requestTo = (number: string, ipAddress: string) => ({
  recipient: { kind: "phone" as const, value: number },
  channels: [],
  purpose: "",
  binding: {},
  locale: "",
  templateVariables: {},
  autofill: { androidAppHash: "", webOrigin: "" },
  client: { ipAddress, deviceId: "", userAgent: "" },
  idempotencyKey: "",
  captchaToken: "",
  automaticFallback: false,
  subject: "",
});
