import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createKeyring } from "../../src/otp/keyring.ts";
import type { Outcome } from "../../src/otp/ports.ts";
import type { ProofKey } from "../../src/otp/proof.ts";
import { type RedeemDeps, redeemProof } from "../../src/otp/redeem-proof.ts";
import type { Call } from "../../src/otp/types.ts";
import { rights } from "../../src/otp/types.ts";
import { createProofReader } from "../../src/tokens/read-proof.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { application, no, ok } from "../otp/fixture.ts";
import { alterations, forgeries } from "./forgeries.ts";
import { claimsOf, craft, headerOf, newKey, newProof, signedBy, terms } from "./kit.ts";
import { createMemoryRedemptions } from "./memory-redemptions.ts";

function createService(keys: readonly ProofKey[]) {
  const clock = { now: Date.now() };
  const outcomes: Outcome[] = [];
  const deps: RedeemDeps = {
    reader: createProofReader(terms, keys),
    redemptions: createMemoryRedemptions(clock),
    keyring: createKeyring({ ledgerKey: Buffer.alloc(32, 1), codeKeys: [{ id: "k", secret: Buffer.alloc(32, 2) }] }, randomBytes),
    random: randomBytes,
    events: { proofRedeemed: (outcome) => void outcomes.push(outcome) },
  };
  const redeem = (proofToken: string, requestId = "", as: Call = call) => redeemProof(deps, { proofToken, requestId }, as);
  return { clock, outcomes, deps, redeem, signer: createProofSigner(terms, keys) };
}

const call: Call = { caller: { application, kind: "service", rights, keyId: "" }, signal: new AbortController().signal };
const bank: Call = { ...call, caller: { application: { ...application, id: "bank" }, kind: "service", rights, keyId: "" } };
const browser: Call = { ...call, caller: { application, kind: "browser", rights: ["codes"], keyId: "" } };

describe.each(["ES256", "EdDSA"] as const)("a proof by %s", (algorithm) => {
  const current = newKey("k1", "current", algorithm);
  const other = newKey("k2", "next", algorithm === "ES256" ? "EdDSA" : "ES256");
  const rotatedOut = newKey("k0", "previous", algorithm);
  const service = createService([current, other]);

  test("is redeemed once, and tells what was verified", async () => {
    const proof = newProof();
    const token = await service.signer.sign(proof);
    const redeemed = await ok(service.redeem(token));
    const iat = Math.floor(proof.verifiedAt / 1000) * 1000;
    expect(redeemed).toEqual({
      id: proof.id,
      challengeId: proof.challengeId,
      subject: "pseudonym",
      channel: "sms",
      purpose: "payment",
      bindingDigest: proof.bindingDigest,
      verifiedAt: iat,
      expiresAt: iat + 300_000,
      redeemedAt: service.clock.now,
    });
    expect(await no(service.redeem(token))).toMatchObject({ reason: "PROOF_ALREADY_REDEEMED" });
    const { challengeId, channel, purpose } = proof;
    const told = { application: "shop", challengeId, channel, purpose };
    expect(service.outcomes.slice(-2)).toEqual([
      { ...told, reason: "OK" },
      { ...told, reason: "PROOF_ALREADY_REDEEMED" },
    ]);
  });

  test("altered anywhere is none", async () => {
    const token = await service.signer.sign(newProof());
    for (const { name, token: altered } of alterations(token)) {
      expect(await no(service.redeem(altered)), name).toMatchObject({ reason: "PROOF_INVALID" });
    }
    await ok(service.redeem(token));
  });

  test.each(forgeries({ current, other, rotatedOut }).map(({ name, token }) => [name, token]))(
    "forged is none: %s",
    async (name, token) => {
      const reasons: Record<string, string> = { expired: "PROOF_EXPIRED", nothing: "INVALID_ARGUMENT" };
      expect(await no(service.redeem(token))).toMatchObject({ reason: reasons[name] ?? "PROOF_INVALID" });
    },
  );

  test("by every published key is one", async () => {
    for (const key of [current, other]) await ok(service.redeem(craft(headerOf(key), claimsOf(), signedBy(key.privateKey))));
  });
});

describe("RedeemProof", () => {
  const service = createService([newKey("k1")]);

  test("with a request id answers a retry the same, also when it comes late", async () => {
    const token = await service.signer.sign(newProof());
    const first = await ok(service.redeem(token, "a"));
    service.clock.now += 1_000_000;
    expect(await ok(service.redeem(token, "a"))).toEqual(first);
    service.clock.now -= 1_000_000;
    expect(await no(service.redeem(token, "b"))).toMatchObject({ reason: "PROOF_ALREADY_REDEEMED" });
    expect(await no(service.redeem(token))).toMatchObject({ reason: "PROOF_ALREADY_REDEEMED" });
    expect(await no(service.redeem(await service.signer.sign(newProof({ verifiedAt: 0 })), "a"))).toMatchObject({
      reason: "PROOF_EXPIRED",
    });
  });

  test("goes by the store's clock, to the second", async () => {
    const verifiedAt = 1_800_000_000_000;
    for (const [late, reason] of [
      [299_999, "OK"],
      [300_000, "PROOF_EXPIRED"],
    ] as const) {
      service.clock.now = verifiedAt + late;
      const result = await service.redeem(await service.signer.sign(newProof({ verifiedAt })));
      expect(result.ok ? "OK" : result.refusal.reason).toBe(reason);
    }
    service.clock.now = Date.now();
  });

  test("is for services of the application alone", async () => {
    const token = await service.signer.sign(newProof());
    expect(await no(service.redeem(token, "", bank))).toMatchObject({ reason: "PROOF_INVALID" });
    expect(await no(service.redeem(token, "", browser))).toMatchObject({ reason: "CALLER_NOT_ALLOWED" });
    expect(await ok(service.redeem(token))).toMatchObject({ purpose: "payment" });
  });

  test("names the fields of what is malformed", async () => {
    const fields = async (token: string, requestId: string) =>
      (await no(service.redeem(token, requestId))).violations?.map(({ field }) => field);
    expect(await fields("", "")).toEqual(["proof_token"]);
    expect(await fields("x".repeat(4097), "a b")).toEqual(["proof_token", "request_id"]);
    expect(await fields("a\u0000b", "x".repeat(129))).toEqual(["proof_token", "request_id"]);
  });

  test("without a proof key says so", async () => {
    const request = { proofToken: "a.b.c", requestId: "" };
    expect(await no(redeemProof({ ...service.deps, reader: undefined }, request, call))).toMatchObject({ reason: "UNIMPLEMENTED" });
  });

  test("stops for a caller who went away, before anything is spent", async () => {
    const token = await service.signer.sign(newProof({ bindingDigest: "" }));
    await expect(service.redeem(token, "", { ...call, signal: AbortSignal.abort() })).rejects.toThrow("aborted");
    expect((await ok(service.redeem(token))).bindingDigest).toBe("");
  });

  test("has room for the longest of all proofs", async () => {
    const longest = newProof({ purpose: "p".repeat(64), pseudonym: "s".repeat(254) });
    const audiences = new Map([["shop", "a".repeat(200)]]);
    const token = await createProofSigner({ ...terms, issuer: "i".repeat(200), audiences }, [newKey("k".repeat(64))]).sign(longest);
    expect(token.length).toBeLessThan(4096);
  });
});
