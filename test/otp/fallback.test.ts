import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { parseChallengeId } from "../../src/otp/challenge-id.ts";
import { createFallbackRunner } from "../../src/otp/fallback-runner.ts";
import type { Message, SendResult } from "../../src/otp/ports.ts";
import { application, createFixture, no, ok } from "./fixture.ts";

const accepted: SendResult = { outcome: "accepted" };
const down: SendResult = { outcome: "retryable", failure: "unreachable" };
const refusedByAll: SendResult = { outcome: "permanent", failure: "credentials_refused" };
const bySms =
  (result: SendResult) =>
  ({ channel }: Message): SendResult =>
    channel === "sms" ? result : accepted;
const automatic = { ...application, fallbackAfterMs: 30_000 };
const both = { channels: ["sms", "voice"] as const };

type Fixture = ReturnType<typeof createFixture>;

/** Replicas that look at the store until nothing has happened for a while. */
async function look(f: Fixture, replicas = 1): Promise<void> {
  const runners = Array.from({ length: replicas }, () =>
    createFallbackRunner(f.deps, {
      applications: [f.call.caller.application],
      now: () => f.clock.now,
      pauseMs: 1,
      onFault: (cause) => f.outcomes.push({ event: `fault: ${cause}`, application: "", reason: "INTERNAL" }),
    }),
  );
  await sleep(40);
  await Promise.all(runners.map((runner) => runner.close()));
}

const deliver = (f: Fixture, challengeId: string, state: "delivered" | "failed") => {
  const ref = parseChallengeId(challengeId, "shop");
  const challenge = ref && f.ledgers.get(ref.ledger)?.challenges[ref.nonce];
  const deliveryId = Object.keys(challenge?.deliveries ?? {}).at(-1) ?? "";
  return ref && f.deps.ledgers.recordDelivery({ ...ref, deliveryId, state, provider: "first" });
};

describe("when every provider of a channel refuses", () => {
  it("uses the next channel before it answers, with a fresh code and the same budget", async () => {
    const f = createFixture({ carry: bySms(down) });
    const challenge = await ok(f.send(both));
    expect(challenge).toMatchObject({ channel: "voice", sendsRemaining: 3, deliveries: [{ state: "failed" }, { state: "accepted" }] });
    expect(f.sent.map(({ channel }) => channel)).toEqual(["sms", "voice"]);
    const [old] = f.sent;
    if (old?.code !== f.right())
      expect(await no(f.verify(challenge.challengeId, old?.code ?? ""))).toMatchObject({ reason: "CODE_MISMATCH" });
    expect(await ok(f.verify(challenge.challengeId, f.right()))).toMatchObject({ channel: "voice" });
  });

  it("says so when nobody takes the message by any channel, and a retry may send", async () => {
    let result: SendResult = refusedByAll;
    const f = createFixture({ carry: () => result });
    const send = { ...both, idempotencyKey: "k" };
    expect(await no(f.send(send))).toMatchObject({ reason: "DELIVERY_FAILED", metadata: { failure: "credentials_refused" } });
    result = accepted;
    expect(await ok(f.send(send))).toMatchObject({ channel: "sms" });
    expect(await ok(f.send(send))).toMatchObject({ channel: "sms" });
    expect(f.sent.map(({ channel }) => channel)).toEqual(["sms", "voice", "sms"]);
  });

  it("answers a retry with what went by the next channel", async () => {
    const f = createFixture({ carry: bySms(down) });
    const first = await ok(f.send({ ...both, idempotencyKey: "k" }));
    expect(await ok(f.send({ ...both, idempotencyKey: "k" }))).toMatchObject({ challengeId: first.challengeId, channel: "voice" });
    expect(f.sent).toHaveLength(2);
  });

  it("does not follow a message that may have gone out", async () => {
    const f = createFixture({ carry: bySms({ outcome: "unknown", failure: "timeout" }) });
    expect(await ok(f.send(both))).toMatchObject({ channel: "sms", deliveries: [{ state: "unknown" }] });
    expect(f.sent).toHaveLength(1);
  });
});

describe("automatic fallback", () => {
  const send = { ...both, automaticFallback: true };

  it("needs a second channel", async () => {
    const f = createFixture({ application: automatic });
    expect(await no(f.send({ automaticFallback: true, channels: ["sms"] }))).toMatchObject({
      violations: [{ field: "automatic_fallback" }],
    });
  });

  it("moves on once when the time is up, however many replicas look", async () => {
    const f = createFixture({ application: automatic });
    const { challengeId } = await ok(f.send(send));
    f.clock.now += 29_999;
    await look(f);
    expect(f.sent).toHaveLength(1);
    f.clock.now += 1;
    await look(f, 5);
    expect(f.sent.map(({ channel }) => channel)).toEqual(["sms", "voice"]);
    expect(f.outcomes.filter(({ event }) => event.startsWith("f"))).toMatchObject([{ event: "fell back", reason: "OK", channel: "voice" }]);
    f.clock.now += 30_000;
    await look(f);
    expect(f.sent).toHaveLength(2);
    await ok(f.verify(challengeId, f.right()));
  });

  it("keeps the guesses that were spent", async () => {
    const f = createFixture({ application: automatic });
    const { challengeId } = await ok(f.send(send));
    await no(f.verify(challengeId, f.wrong()));
    f.clock.now += 30_000;
    await look(f);
    expect(await no(f.verify(challengeId, f.wrong()))).toMatchObject({ metadata: { attempts_remaining: "3" } });
  });

  it.for<[string, (f: Fixture, challengeId: string) => Promise<unknown> | undefined]>([
    ["verified", (f, id) => ok(f.verify(id, f.right()))],
    ["reported as delivered", (f, id) => deliver(f, id, "delivered")],
    [
      "expired",
      async (f) => {
        f.clock.now += 300_000;
      },
    ],
  ])("does nothing for what is %s", async ([, change]) => {
    const f = createFixture({ application: automatic });
    const { challengeId } = await ok(f.send(send));
    await change(f, challengeId);
    f.clock.now += 30_000;
    await look(f);
    expect(f.sent).toHaveLength(1);
    expect(await f.deps.ledgers.dueFallbacks({ before: f.clock.now, limit: 10 })).toEqual([]);
  });

  it("does not wait any longer for a message that is reported as failed", async () => {
    const f = createFixture({ application: automatic });
    const { challengeId } = await ok(f.send(send));
    await deliver(f, challengeId, "failed");
    await look(f);
    expect(f.sent.map(({ channel }) => channel)).toEqual(["sms", "voice"]);
  });

  it("is over when the caller takes over", async () => {
    const f = createFixture({ application: automatic });
    const { challengeId } = await ok(f.send(send));
    f.clock.now += 30_000;
    await ok(f.resend(challengeId));
    f.clock.now += 60_000;
    await look(f);
    expect(f.sent.map(({ channel }) => channel)).toEqual(["sms", "sms"]);
  });

  it("after a crash between the ledger's word and the send leaves an unknown message, and does not repeat it", async () => {
    const crash = () => new Promise<SendResult>(() => {});
    const f = createFixture({ application: automatic, carry: ({ channel }) => (channel === "voice" ? crash() : accepted) });
    const { challengeId } = await ok(f.send(send));
    f.clock.now += 30_000;
    const runner = createFallbackRunner(f.deps, { applications: [automatic], now: () => f.clock.now, pauseMs: 1, onFault: () => {} });
    await sleep(20);
    void runner.close();
    f.clock.now += 30_000;
    await look(f);
    expect(f.sent.map(({ channel }) => channel)).toEqual(["sms", "voice"]);
    expect(await ok(f.get(challengeId))).toMatchObject({ deliveries: [{ state: "accepted" }, { state: "unknown" }] });
  });
});
