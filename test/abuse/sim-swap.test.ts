import { randomBytes } from "node:crypto";
import { decodeJwt } from "jose";
import { expect, test } from "vitest";
import { createLookupCheck } from "../../src/abuse/lookup.ts";
import { describeNumber } from "../../src/channels/number-type.ts";
import type { NumberFacts } from "../../src/otp/guard-ports.ts";
import type { LookupTerms } from "../../src/otp/number-policy.ts";
import type { Call } from "../../src/otp/types.ts";
import { createProofReader } from "../../src/tokens/read-proof.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { application, createFixture, no, ok } from "../otp/fixture.ts";
import { newKey, terms } from "../tokens/kit.ts";

const hour = 3_600_000;
const key = newKey("k1");

/** The whole inside, with a lookup of text messages only, which answers what the test says. */
function serviceWith(action: "refuse" | "other_channel" | "tell", facts: { now: NumberFacts }) {
  const lookup: LookupTerms = {
    use: "l",
    channels: new Set(["sms"]),
    simSwap: { recentMs: 72 * hour, action },
    lineType: false,
    reachability: false,
    onFailure: "closed",
  };
  const service = createFixture({ application: { ...application, lookup } });
  const guard = createLookupCheck({
    random: randomBytes,
    lookupOf: () => ({ lookup: async () => facts.now }),
    describeNumber,
    now: () => service.clock.now,
    onUnavailable: () => {},
  });
  Object.assign(service.deps, { guard, signer: createProofSigner(terms, [key]) });
  const browser: Call = { ...service.call, caller: { ...service.call.caller, kind: "browser" } };
  return { ...service, browser };
}

const swappedAt = 1_800_000_000_000 - hour - 1;

test("a recent swap that is to be told stands in every view of the challenge, and in the proof", async () => {
  const service = serviceWith("tell", { now: { simSwappedAt: swappedAt } });
  const sent = await ok(service.send());
  expect(sent.simSwappedAt).toBe(swappedAt);
  expect((await ok(service.get(sent.challengeId))).simSwappedAt).toBe(swappedAt);
  const { proofToken } = await ok(service.verify(sent.challengeId, service.right()));
  expect(decodeJwt(proofToken).sim_swap_time).toBe(Math.floor(swappedAt / 1000));
  expect(await createProofReader(terms, [key]).read(proofToken, "shop")).toMatchObject({ challengeId: sent.challengeId });
});

test("an old one does not", async () => {
  const service = serviceWith("tell", { now: { simSwappedAt: swappedAt - 72 * hour } });
  const sent = await ok(service.send());
  expect(sent).not.toHaveProperty("simSwappedAt");
  const { proofToken } = await ok(service.verify(sent.challengeId, service.right()));
  expect(decodeJwt(proofToken)).not.toHaveProperty("sim_swap_time");
});

test("one that is noticed at a resend stands there from then on", async () => {
  const facts: { now: NumberFacts } = { now: {} };
  const service = serviceWith("tell", facts);
  const { challengeId, simSwappedAt } = await ok(service.send());
  expect(simSwappedAt).toBeUndefined();
  facts.now = { simSwappedAt: service.clock.now + 10_000 };
  service.clock.now += 30_000;
  expect((await ok(service.resend(challengeId))).simSwappedAt).toBe(service.clock.now - 20_000);
  facts.now = {};
  service.clock.now += 60_000;
  const before = service.clock.now - 80_000;
  expect((await ok(service.resend(challengeId))).simSwappedAt).toBe(before);
  const { proofToken } = await ok(service.verify(challengeId, service.right()));
  expect(decodeJwt(proofToken).sim_swap_time).toBe(Math.floor(before / 1000));
});

test("a browser is not told of whose SIM is new, whoever checks its proof is", async () => {
  const service = serviceWith("tell", { now: { simSwappedAt: swappedAt } });
  const sent = await ok(service.send({}, service.browser));
  expect(sent).not.toHaveProperty("simSwappedAt");
  const { proofToken } = await ok(service.verify(sent.challengeId, service.right(), {}, service.browser));
  expect(decodeJwt(proofToken).sim_swap_time).toBe(Math.floor(swappedAt / 1000));
});

test("a recent swap that is refused sends nothing", async () => {
  const service = serviceWith("refuse", { now: { simSwappedAt: swappedAt } });
  expect(await no(service.send({ channels: ["sms", "voice"] }))).toMatchObject({
    reason: "RECIPIENT_NOT_ALLOWED",
    metadata: { cause: "sim_swap" },
  });
  expect(service.sent).toEqual([]);
});

test("a recent swap sends by another of the channels that were named, where that is wanted", async () => {
  const service = serviceWith("other_channel", { now: { simSwappedAt: swappedAt } });
  expect((await ok(service.send({ channels: ["sms", "voice"] }))).channel).toBe("voice");
  expect(service.sent.map(({ channel }) => channel)).toEqual(["voice"]);
  expect(await no(service.send({ channels: ["sms"] }))).toMatchObject({ reason: "RECIPIENT_NOT_ALLOWED", metadata: { cause: "sim_swap" } });
});

test("a browser sees the channel it asked for, whatever the SIM", async () => {
  const service = serviceWith("other_channel", { now: { simSwappedAt: swappedAt } });
  const sent = await ok(service.send({ channels: ["sms", "voice"] }, service.browser));
  expect(sent).toMatchObject({ channel: "sms", state: "pending" });
  expect(service.sent).toEqual([]);
});
