import { afterEach, expect, test, vi } from "vitest";
import { createEvents } from "../../src/telemetry/events.ts";
import { createLog } from "../../src/telemetry/log.ts";
import type { Thinning } from "../../src/telemetry/log-thinning.ts";
import { collectLines } from "./lines.ts";

afterEach(() => vi.useRealTimers());

function setUp(thinning: Partial<Thinning>) {
  const { lines, writer } = collectLines();
  const log = createLog({ level: "info", writer });
  log.thin({ keepOneIn: 1, repeatsPerMinute: 60, ...thinning });
  return { lines, log, events: createEvents(log.logger) };
}

const live = (events: ReturnType<typeof createEvents>, challengeId: string): void => {
  const what = { application: "shop", challengeId } as const;
  events.codeSent({ ...what, reason: "OK" });
  events.messageHandled({ ...what, channel: "sms", provider: "main", result: { outcome: "accepted" }, durationMs: 1 });
  events.receiptTaken({ ...what, provider: "main", state: "delivered" });
  events.codeVerified({ ...what, reason: "OK" });
};

test("of many challenges, the life of some is told, each whole or not at all, and by all replicas alike", () => {
  const [one, other] = [setUp({ keepOneIn: 10 }), setUp({ keepOneIn: 10 })];
  for (let at = 0; at < 1_000; at++) for (const { events } of [one, other]) live(events, `challenge-${at}`);
  const lives = Map.groupBy(one.lines(), ({ challengeId }) => challengeId);
  expect(lives.size).toBeGreaterThan(50);
  expect(lives.size).toBeLessThan(200);
  expect([...lives.values()].filter((life) => life.length !== 4)).toEqual([]);
  expect(new Set(other.lines().map(({ challengeId }) => challengeId))).toEqual(new Set(lives.keys()));
});

test("what is no everyday success is always written, however few of those are", () => {
  const { lines, log, events } = setUp({ keepOneIn: 10_000 });
  const what = { application: "shop", challengeId: "c" } as const;
  events.codeVerified({ ...what, reason: "CODE_MISMATCH" });
  events.codeVerified({ ...what, reason: "TOO_MANY_ATTEMPTS" });
  events.messageHandled({ ...what, channel: "sms", provider: "main", result: { outcome: "unknown", failure: "timeout" }, durationMs: 1 });
  events.receiptTaken({ ...what, provider: "main", state: "failed", failure: "recipient_refused" });
  events.adminActed({ act: "unlock_recipient", application: "shop", keyId: "k", on: "+49•••", reason: "OK" });
  events.circuitChanged({ provider: "main", country: "DE", state: "closed" });
  log.logger.info({ event: "authenticator_changed", reason: "OK" });
  log.logger.info({ event: "started" });
  expect(lines()).toHaveLength(8);
});

test("the same failure again and again is written so often in a minute, and the others are counted", () => {
  vi.useFakeTimers();
  const { lines, events } = setUp({ repeatsPerMinute: 5 });
  for (let at = 0; at < 100; at++) events.receiptRefused({ provider: "main", outcome: "forged", why: "the signature does not fit" });
  for (let at = 0; at < 3; at++) events.receiptRefused({ provider: "other", outcome: "forged", why: "the signature does not fit" });
  expect(lines()).toHaveLength(8);
  vi.advanceTimersByTime(60_000);
  expect(lines().slice(8)).toMatchObject([
    { level: "warn", event: "lines_suppressed", of: "receipt_refused", provider: "main", outcome: "forged", count: 95 },
  ]);
  events.receiptRefused({ provider: "main", outcome: "forged", why: "the signature does not fit" });
  expect(lines()).toHaveLength(10);
});

test("guesses at a challenge are all written, those at challenges that are none are one failure", () => {
  const { lines, events } = setUp({ repeatsPerMinute: 5 });
  for (let at = 0; at < 50; at++) {
    events.codeVerified({ application: "shop", challengeId: `there-${at}`, reason: "CODE_MISMATCH" });
    events.codeVerified({ application: "shop", challengeId: `nowhere-${at}`, reason: "CHALLENGE_NOT_FOUND" });
  }
  const reasons = Object.groupBy(lines(), ({ reason }) => String(reason));
  expect(reasons.CODE_MISMATCH).toHaveLength(50);
  expect(reasons.CHALLENGE_NOT_FOUND).toHaveLength(5);
});

test("what operators did, faults with an id that a caller was told, and unknown events are never left out", () => {
  const { lines, log, events } = setUp({ repeatsPerMinute: 1 });
  for (let at = 0; at < 20; at++) {
    events.adminActed({ act: "block_prefix", application: "shop", keyId: "k", on: "+4915", reason: "OK" });
    log.logger.error({ event: "fault", errorId: String(at), rpc: "r" });
    log.logger.warn({ event: "place_blocked", application: "shop" });
  }
  expect(lines()).toHaveLength(60);
});

test("failures of ever other kinds take no memory without end: beyond a thousand they are one of their event", () => {
  const { lines, log, events } = setUp({ repeatsPerMinute: 1 });
  for (let at = 0; at < 5_000; at++) events.receiptRefused({ provider: "main", outcome: "malformed", why: `field ${at}` });
  expect(lines()).toHaveLength(1_001);
  void log.close();
  expect(lines().slice(1_001)).toMatchObject([{ event: "lines_suppressed", of: "receipt_refused", count: 3_999 }]);
});

test("what was left out is told when the log closes, and when it is told to keep more", () => {
  const { lines, log, events } = setUp({ repeatsPerMinute: 1 });
  const refuse = () => events.codeSent({ application: "shop", reason: "INVALID_ARGUMENT" });
  for (let at = 0; at < 3; at++) refuse();
  log.thin({ keepOneIn: 1, repeatsPerMinute: 100 });
  for (let at = 0; at < 3; at++) refuse();
  expect(lines().map(({ event, count }) => count ?? event)).toEqual(["code_sent", 2, "code_sent", "code_sent", "code_sent"]);
});

test("until it is told otherwise, a log writes every line", () => {
  const { lines, writer } = collectLines();
  const events = createEvents(createLog({ level: "info", writer }).logger);
  for (let at = 0; at < 500; at++) events.codeSent({ application: "shop", reason: "INVALID_ARGUMENT" });
  expect(lines()).toHaveLength(500);
});
