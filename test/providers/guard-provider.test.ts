import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Message, SendResult } from "../../src/otp/ports.ts";
import { guardProvider } from "../../src/providers/guard-provider.ts";
import { accepted, refusedBy, throttled, timedOut, unreachable, unsure, untilAborted } from "./carrying.ts";
import { smsMessage } from "./messages.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const german: Message = { ...smsMessage, country: "DE" };
const forever = new AbortController().signal;

function createGuarded(answer: SendResult) {
  const changes: string[] = [];
  const state = { answer, sent: 0 };
  const onChange = ({ country, state: to }: { country: string; state: string }) => void changes.push(`${country} ${to}`);
  const guarded = guardProvider(
    {
      name: "a",
      async send() {
        state.sent += 1;
        return state.answer;
      },
    },
    { failures: 3, openMs: 1_000, onChange },
  );
  const send = async (result?: SendResult, message = german) => {
    state.answer = result ?? state.answer;
    return guarded.send(message, forever);
  };
  return { changes, state, guarded, send, isOpen: (message = german) => guarded.openSince(message) !== undefined };
}

describe("what opens a circuit, three times in a row:", () => {
  test.for([
    ["unreachable", unreachable, true],
    ["throttled", throttled, true],
    ["a time-out before the request left", timedOut, true],
    ["a time-out after that", unsure, true],
    ["an internal error", { outcome: "unknown", failure: "provider_error" }, true],
    ["our credentials", refusedBy("credentials_refused"), true],
    ["our money", { outcome: "permanent", failure: "funds_exhausted" }, true],
    ["a bad number", refusedBy("recipient_refused"), false],
    ["a recipient who opted out", refusedBy("recipient_opted_out"), false],
    ["our sender", refusedBy("sender_refused"), false],
    ["the text", { outcome: "permanent", failure: "content_refused" }, false],
    ["nothing: accepted", accepted, false],
  ] as [string, SendResult, boolean][])("%s", async ([, answer, opens]) => {
    const f = createGuarded(answer);
    for (let i = 0; i < 3; i += 1) {
      expect(f.isOpen()).toBe(false);
      expect(await f.send()).toEqual(answer);
    }
    expect(f.isOpen()).toBe(opens);
    expect(f.changes).toEqual(opens ? ["DE open"] : []);
  });

  test("an answer in between starts the row afresh", async () => {
    const f = createGuarded(unreachable);
    for (let i = 0; i < 2; i += 1) await f.send();
    await f.send(refusedBy("recipient_refused"));
    for (let i = 0; i < 2; i += 1) await f.send(unreachable);
    expect(f.isOpen()).toBe(false);
    await f.send();
    expect(f.isOpen()).toBe(true);
  });

  test("each country by itself, and what has none", async () => {
    const f = createGuarded(unreachable);
    for (let i = 0; i < 3; i += 1) await f.send(unreachable, smsMessage);
    expect([f.isOpen(smsMessage), f.isOpen(german)]).toEqual([true, false]);
    expect(f.changes).toEqual([" open"]);
  });

  test("many at once are counted one by one, and the line is written once", async () => {
    const f = createGuarded(unreachable);
    await Promise.all(Array.from({ length: 50 }, () => f.send()));
    expect(f.changes).toEqual(["DE open"]);
  });
});

describe("callers in a hurry", () => {
  const opensAfter = async (result: SendResult, ms: number) => {
    const send = untilAborted(result);
    const guarded = guardProvider(
      { name: "a", send: async (message, signal) => send(message, signal, () => {}) },
      { failures: 3, openMs: 1_000, onChange: () => {} },
    );
    for (let i = 0; i < 3; i += 1) {
      const caller = new AbortController();
      const sent = guarded.send(german, caller.signal);
      await vi.advanceTimersByTimeAsync(ms);
      caller.abort();
      await sent;
    }
    return guarded.openSince(german) !== undefined;
  };

  test.for([
    ["to be connected: say nothing", timedOut, 899, false],
    ["to be connected: patient ones do", timedOut, 900, true],
    ["to be answered: say nothing", unsure, 1_999, false],
    ["to be answered: patient ones do", unsure, 2_000, true],
  ] as const)("%s", async ([, result, ms, opens]) => {
    expect(await opensAfter(result, ms)).toBe(opens);
  });

  test("as a probe, leave it to the next message", async () => {
    const f = createGuarded(unreachable);
    for (let i = 0; i < 3; i += 1) await f.send();
    await vi.advanceTimersByTimeAsync(1_000);
    const gone = AbortSignal.abort();
    f.state.answer = timedOut;
    await f.guarded.send(german, gone);
    expect(f.isOpen()).toBe(false);
    await f.send(accepted);
    expect(f.changes).toEqual(["DE open", "DE closed"]);
  });
});

describe("while it is open", () => {
  test("what was under way before neither closes nor opens it", async () => {
    const answers: ((result: SendResult) => void)[] = [];
    const f = guardProvider(
      { name: "a", send: () => new Promise((resolve) => answers.push(resolve)) },
      { failures: 3, openMs: 1_000, onChange: () => {} },
    );
    const all = Array.from({ length: 6 }, () => f.send(german, forever));
    for (const answer of answers.slice(0, 3)) answer(unreachable);
    await vi.advanceTimersByTimeAsync(500);
    const since = f.openSince(german);
    expect(since).toBeDefined();
    answers[3]?.(accepted);
    await vi.advanceTimersByTimeAsync(400);
    answers[4]?.(unreachable);
    await vi.advanceTimersByTimeAsync(99);
    expect(f.openSince(german)).toBe(since);
    await vi.advanceTimersByTimeAsync(1);
    expect(f.openSince(german)).toBeUndefined();
    answers[5]?.(accepted);
    await Promise.all(all);
    expect(f.openSince(german)).toBeUndefined();
  });

  test("a probe that fails opens it for as long again, without another line", async () => {
    const f = createGuarded(unreachable);
    for (let i = 0; i < 3; i += 1) await f.send();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(f.isOpen()).toBe(false);
    await f.send();
    expect(f.isOpen()).toBe(true);
    await vi.advanceTimersByTimeAsync(999);
    expect(f.isOpen()).toBe(true);
    await vi.advanceTimersByTimeAsync(1);
    expect(f.isOpen()).toBe(false);
    expect(f.changes).toEqual(["DE open"]);
  });

  test("a wall clock that is set back does not matter", async () => {
    const f = createGuarded(unreachable);
    for (let i = 0; i < 3; i += 1) await f.send();
    await vi.advanceTimersByTimeAsync(1_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(f.isOpen()).toBe(false);
    expect(await f.send(accepted)).toEqual(accepted);
    expect(f.changes).toEqual(["DE open", "DE closed"]);
  });

  test("a probe that throws is a failure, and still throws", async () => {
    let fail = false;
    const f = guardProvider(
      { name: "a", send: async () => (fail ? Promise.reject(new Error("bug")) : unreachable) },
      { failures: 3, openMs: 1_000, onChange: () => {} },
    );
    for (let i = 0; i < 3; i += 1) await f.send(german, forever);
    await vi.advanceTimersByTimeAsync(1_000);
    fail = true;
    await expect(f.send(german, forever)).rejects.toThrow("bug");
    expect(f.openSince(german)).toBeDefined();
  });
});

describe("receipts", () => {
  test("that do not come open the circuit of a provider that accepts everything", async () => {
    const f = createGuarded(accepted);
    for (let i = 0; i < 2; i += 1) {
      f.guarded.report("DE", "bad");
      await f.send();
    }
    expect(f.isOpen()).toBe(false);
    f.guarded.report("DE", "bad");
    await vi.advanceTimersByTimeAsync(0);
    expect(f.isOpen()).toBe(true);
    expect(f.changes).toEqual(["DE open"]);
  });

  test("that come start the row afresh", async () => {
    const f = createGuarded(accepted);
    for (const verdict of ["bad", "bad", "good", "bad", "bad"] as const) f.guarded.report("DE", verdict);
    await vi.advanceTimersByTimeAsync(0);
    expect(f.isOpen()).toBe(false);
  });

  test("of an open circuit are no probe, and after one a single missing receipt is enough", async () => {
    const f = createGuarded(accepted);
    for (let i = 0; i < 3; i += 1) f.guarded.report("DE", "bad");
    await vi.advanceTimersByTimeAsync(1_000);
    f.guarded.report("DE", "bad");
    await vi.advanceTimersByTimeAsync(0);
    expect(f.changes).toEqual(["DE open"]);
    await f.send();
    expect(f.changes).toEqual(["DE open", "DE closed"]);
    f.guarded.report("DE", "bad");
    await vi.advanceTimersByTimeAsync(0);
    expect(f.isOpen()).toBe(true);
  });
});
