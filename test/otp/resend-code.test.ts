import { describe, expect, it } from "vitest";
import { application, createFixture, minute, no, ok } from "./fixture.ts";

describe("resendCode", () => {
  it("replaces the code, refunds no guess and moves no deadline", async () => {
    const f = createFixture();
    const first = await ok(f.send());
    const old = f.right();
    await no(f.verify(first.challengeId, f.wrong()));
    f.clock.now += 30_000;
    const again = await ok(f.resend(first.challengeId));
    expect(again).toMatchObject({ attemptsRemaining: 4, sendsRemaining: 3, expiresAt: first.expiresAt, resendAt: f.clock.now + minute });
    if (old !== f.right()) expect(await no(f.verify(first.challengeId, old))).toMatchObject({ reason: "CODE_MISMATCH" });
    await ok(f.verify(first.challengeId, f.right()));
  });

  it("makes the wait longer each time, and says truthfully how long", async () => {
    const f = createFixture({ application: { ...application, code: { ...application.code, lifetimeMs: 10 * minute } } });
    const { challengeId } = await ok(f.send());
    for (const wait of [30_000, 60_000, 120_000, 120_000]) {
      expect(await no(f.resend(challengeId))).toMatchObject({ reason: "RESEND_COOLDOWN", retryAfterMs: wait });
      f.clock.now += wait - 1;
      expect(await no(f.resend(challengeId))).toMatchObject({ reason: "RESEND_COOLDOWN", retryAfterMs: 1 });
      f.clock.now += 1;
      await ok(f.resend(challengeId));
    }
    f.clock.now += 120_000;
    expect(await no(f.resend(challengeId))).toMatchObject({ reason: "RATE_LIMITED", metadata: { scope: "challenge" } });
    expect(f.sent).toHaveLength(5);
  });

  it("keeps the previous code valid where the application says so, under one budget and one accept", async () => {
    const f = createFixture({ application: { ...application, code: { ...application.code, keepPrevious: true } } });
    const { challengeId } = await ok(f.send());
    const old = f.right();
    f.clock.now += 30_000;
    await ok(f.resend(challengeId));
    await ok(f.verify(challengeId, old));
    expect(await no(f.verify(challengeId, f.right()))).toMatchObject({ reason: "CODE_ALREADY_USED" });
  });

  it("changes the channel on request, and keeps it from then on", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send({ binding: { amount: "5" }, locale: "de" }));
    f.clock.now += 30_000;
    expect(await ok(f.resend(challengeId, { channel: "voice" }))).toMatchObject({ channel: "voice" });
    expect(f.sent.at(-1)).toMatchObject({ channel: "voice", to: "+4915112345678", locale: "de" });
    f.clock.now += 60_000;
    expect(await ok(f.resend(challengeId))).toMatchObject({ channel: "voice" });
    expect(await no(f.resend(challengeId, { channel: "email" }))).toMatchObject({
      reason: "INVALID_ARGUMENT",
      violations: [{ field: "channel" }],
    });
  });

  it("tells how long the code really lives", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    f.clock.now += 4 * minute;
    await ok(f.resend(challengeId));
    expect(f.sent.at(-1)?.text).toContain("for 60000 ms");
  });

  it("sends once under one idempotency key", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    f.clock.now += 30_000;
    const first = await ok(f.resend(challengeId, { idempotencyKey: "k-1" }));
    expect(await ok(f.resend(challengeId, { idempotencyKey: "k-1" }))).toEqual(first);
    expect(f.sent).toHaveLength(2);
    expect(await no(f.resend(challengeId, { idempotencyKey: "k-1", channel: "voice" }))).toMatchObject({
      reason: "IDEMPOTENCY_KEY_REUSED",
    });
  });

  it("sends nothing for a challenge that is over", async () => {
    const f = createFixture();
    const used = await ok(f.send());
    await ok(f.verify(used.challengeId, f.right()));
    expect(await no(f.resend(used.challengeId))).toMatchObject({ reason: "CODE_ALREADY_USED" });
    const canceled = await ok(f.send());
    await ok(f.cancel(canceled.challengeId));
    expect(await no(f.resend(canceled.challengeId))).toMatchObject({ reason: "CHALLENGE_CANCELED" });
    const guessed = await ok(f.send());
    for (let i = 0; i < 5; i += 1) await no(f.verify(guessed.challengeId, f.wrong()));
    f.clock.now += minute;
    expect(await no(f.resend(guessed.challengeId))).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
    f.clock.now += 5 * minute;
    expect(await no(f.resend(guessed.challengeId))).toMatchObject({ reason: "CODE_EXPIRED" });
    expect(await no(f.resend("A".repeat(36)))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
    expect(f.sent).toHaveLength(3);
  });
});

describe("cancelChallenge", () => {
  it("ends a challenge, and is content to find it ended", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    expect(await ok(f.cancel(challengeId))).toMatchObject({ state: "canceled" });
    expect(await ok(f.cancel(challengeId))).toMatchObject({ state: "canceled" });
    expect(await no(f.verify(challengeId, f.right()))).toMatchObject({ reason: "CHALLENGE_CANCELED" });
    expect(await no(f.cancel("nope"))).toMatchObject({ reason: "CHALLENGE_NOT_FOUND" });
    expect(await no(f.cancel(""))).toMatchObject({ reason: "INVALID_ARGUMENT" });
  });

  it("does not undo a verification", async () => {
    const f = createFixture();
    const { challengeId } = await ok(f.send());
    await ok(f.verify(challengeId, f.right()));
    expect(await no(f.cancel(challengeId))).toMatchObject({ reason: "CODE_ALREADY_USED" });
  });
});
