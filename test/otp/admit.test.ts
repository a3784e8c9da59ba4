import { expect, test } from "vitest";
import type { Admission, SendAsk } from "../../src/otp/guard-ports.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import { createFixture, no, ok } from "./fixture.ts";

/** A fixture behind a guard that answers by a script, and keeps what it was asked. */
function guarded(answer: (ask: SendAsk) => Admission | Promise<Admission>) {
  const asked: SendAsk[] = [];
  const f = createFixture();
  const guard = {
    async admit(ask: SendAsk) {
      asked.push(ask);
      return answer(ask);
    },
  };
  Object.assign(f.deps, { guard });
  return { ...f, asked };
}

test("every message is asked for: the first, each resend", async () => {
  const f = guarded(() => ({ outcome: "admitted" }));
  const client = { ipAddress: "203.0.113.7", deviceId: "d", userAgent: "u" };
  const { challengeId } = await ok(f.send({ client, captchaToken: "c" }));
  f.clock.now += 30_000;
  await ok(f.resend(challengeId));
  expect(f.asked).toMatchObject([
    { occasion: "send", channel: "sms", purpose: "login", client, captchaToken: "c" },
    { occasion: "resend", channel: "sms", purpose: "login", client },
  ]);
});

test("a refusal is the answer, and nothing is written", async () => {
  const f = guarded(() => ({ outcome: "refused", refusal: { reason: "RATE_LIMITED", message: "no", retryAfterMs: 5 } }));
  expect(await no(f.send())).toMatchObject({ reason: "RATE_LIMITED", retryAfterMs: 5 });
  expect(f.sent).toEqual([]);
  expect(f.ledgers.size).toBe(0);
});

test("without an answer from the guard nothing is sent", async () => {
  const f = guarded(() => Promise.reject(new StoreUnavailable(undefined)));
  expect(await no(f.send())).toMatchObject({ reason: "STORE_UNAVAILABLE" });
  expect(f.sent).toEqual([]);
});

test("a suppressed message looks sent, and no code verifies it", async () => {
  const f = guarded(() => ({ outcome: "suppressed", why: "blocked" }));
  const challenge = await ok(f.send());
  expect(challenge).toMatchObject({ state: "pending", attemptsRemaining: 5, deliveries: [{ channel: "sms", state: "accepted" }] });
  expect(f.sent).toEqual([]);
  expect(await no(f.verify(challenge.challengeId, "123456"))).toMatchObject({ reason: "CODE_MISMATCH" });
  // For the operator, who asks why nothing came.
  expect(JSON.stringify([...f.ledgers])).toContain('"suppressed":"blocked"');
  expect(JSON.stringify(await ok(f.get(challenge.challengeId)))).not.toContain("blocked");
});

test("a retry that sends nothing gives back what it took", async () => {
  let taken = 0;
  const release = async (): Promise<void> => {
    taken -= 1;
  };
  const f = guarded(() => {
    taken += 1;
    return { outcome: "admitted", release };
  });
  const { challengeId } = await ok(f.send({ idempotencyKey: "k" }));
  expect(await ok(f.send({ idempotencyKey: "k" }))).toMatchObject({ challengeId });
  expect([taken, f.sent.length]).toEqual([1, 1]);
});

test("a message that the recipient's own limits refuse uses up nothing else", async () => {
  let taken = 0;
  const release = async (): Promise<void> => {
    taken -= 1;
  };
  const f = guarded(() => {
    taken += 1;
    return { outcome: "admitted", release };
  });
  const { challengeId } = await ok(f.send());
  expect(await no(f.resend(challengeId))).toMatchObject({ reason: "RESEND_COOLDOWN" });
  expect(taken).toBe(1);
});

test("a retry is answered with its message though no further one would be let through", async () => {
  let isFull = false;
  const f = guarded(() =>
    isFull ? { outcome: "refused", refusal: { reason: "RATE_LIMITED", message: "full" } } : { outcome: "admitted" },
  );
  const { challengeId } = await ok(f.send({ idempotencyKey: "k" }));
  isFull = true;
  expect(await ok(f.send({ idempotencyKey: "k" }))).toMatchObject({ challengeId });
  expect(await no(f.send({ idempotencyKey: "k", purpose: "payment" }))).toMatchObject({ reason: "RATE_LIMITED" });
  expect(await no(f.send({ idempotencyKey: "other" }))).toMatchObject({ reason: "RATE_LIMITED" });
  expect(f.sent).toHaveLength(1);
});
