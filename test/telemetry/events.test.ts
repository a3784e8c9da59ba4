import { expect, test } from "vitest";
import type { Outcome } from "../../src/otp/ports.ts";
import { createEvents, createFaultLog } from "../../src/telemetry/events.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { collectLines } from "./lines.ts";

function setUp() {
  const { lines, writer } = collectLines();
  const { logger } = createLog({ level: "info", writer });
  return { lines, events: createEvents(logger), logFault: createFaultLog(logger) };
}

const outcome: Outcome = { application: "shop", reason: "OK", challengeId: "c", channel: "sms", recipient: "+49•••678", purpose: "login" };
const handled = { application: "shop", challengeId: "c", channel: "sms", provider: "twilio-main", durationMs: 12.34 } as const;

test("one line per outcome: what, who (masked), when; and nothing else", () => {
  const { lines, events } = setUp();
  events.codeSent(outcome);
  events.codeResent({ application: "shop", reason: "RESEND_COOLDOWN" });
  events.codeVerified({ ...outcome, reason: "CODE_MISMATCH" });
  events.challengeCanceled({ ...outcome, reason: "CHALLENGE_NOT_FOUND" });
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const { reason: _, ...who } = outcome;
  expect(lines()).toEqual([
    { level: "info", time, event: "code_sent", reason: "OK", ...who },
    { level: "info", time, event: "code_resent", reason: "RESEND_COOLDOWN", application: "shop" },
    { level: "info", time, event: "code_verified", reason: "CODE_MISMATCH", ...who },
    { level: "info", time, event: "challenge_canceled", reason: "CHALLENGE_NOT_FOUND", ...who },
  ]);
});

test.for(["INTERNAL", "STORE_UNAVAILABLE", "DELIVERY_FAILED"] as const)("%s is our own fault and an error", (reason) => {
  const { lines, events } = setUp();
  events.codeSent({ ...outcome, reason });
  expect(lines()).toMatchObject([{ level: "error", reason }]);
});

test("what a caller's object holds besides does not slip into a line", () => {
  const { lines, events } = setUp();
  events.codeSent({ ...outcome, ...{ code: "271828", plain: "271828" } });
  events.messageHandled({ ...handled, result: { outcome: "accepted", reference: "SM1", ...{ text: "271828" } } });
  expect(JSON.stringify(lines())).not.toContain("271828");
});

test.for([
  [{ outcome: "accepted", reference: "SM1" }, "info"],
  [{ outcome: "permanent", failure: "recipient_refused", vendorCode: "21211" }, "info"],
  [{ outcome: "retryable", failure: "throttled" }, "warn"],
  [{ outcome: "unknown", failure: "timeout" }, "warn"],
  [{ outcome: "permanent", failure: "credentials_refused", vendorCode: "20003" }, "error"],
  [{ outcome: "retryable", failure: "funds_exhausted" }, "error"],
] as const)("what a provider made of a message: %j is %s", ([result, level]) => {
  const { lines, events } = setUp();
  events.messageHandled({ ...handled, result });
  expect(lines()).toMatchObject([{ event: "message_handled", level, ...handled, durationMs: 12, ...result }]);
});

test("one line when a provider is passed over, and one when it no longer is", () => {
  const { lines, events } = setUp();
  events.circuitChanged({ provider: "twilio-main", country: "DE", state: "open" });
  events.circuitChanged({ provider: "mail", country: "", state: "closed" });
  expect(lines()).toMatchObject([
    { level: "warn", event: "circuit_opened", provider: "twilio-main", country: "DE" },
    { level: "info", event: "circuit_closed", provider: "mail", country: "" },
  ]);
});

test("a state that the store did not take, and a fault, keep their cause", () => {
  const { lines, events, logFault } = setUp();
  const cause = new Error("connection lost", { cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }) });
  events.deliveryNotRecorded({ challengeId: "c", cause });
  logFault({ errorId: "e1", rpc: "SendCode", cause: "thrown text" });
  expect(lines()).toMatchObject([
    {
      level: "error",
      event: "delivery_not_recorded",
      challengeId: "c",
      err: { message: "connection lost", cause: { errno: "ECONNREFUSED" } },
    },
    { level: "error", event: "fault", errorId: "e1", rpc: "SendCode", err: "thrown text" },
  ]);
});

test("an event never throws, whatever becomes of its line", () => {
  const broken = {
    write() {
      throw new Error("disk full");
    },
    close: async () => {},
  };
  const { logger } = createLog({ level: "info", writer: broken });
  expect(() => createEvents(logger).codeSent(outcome)).not.toThrow();
  expect(() => createFaultLog(logger)({ errorId: "e", rpc: "r", cause: new Error("x") })).not.toThrow();
});
