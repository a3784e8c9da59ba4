import { createPublicKey, verify } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, test, vi } from "vitest";
import { digestBinding } from "../../src/otp/proof.ts";
import { channels, rights } from "../../src/otp/types.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { application, createFixture, no, ok } from "../otp/fixture.ts";
import { newKey, newProof, shopAudience, terms } from "./kit.ts";

const key = newKey("k1");

function createService(signer = createProofSigner(terms, [key])) {
  const fixture = createFixture();
  Object.assign(fixture.deps, { signer });
  return fixture;
}

describe("VerifyCode", () => {
  test("answers with a proof of what was verified", async () => {
    const service = createService();
    const binding = { amount: "12.00 EUR", payee: "ACME" };
    const { challengeId } = await ok(service.send({ purpose: "payment", binding }));
    const verified = await ok(service.verify(challengeId, service.right(), { purpose: "payment", binding }));
    const iat = Math.floor(verified.verifiedAt / 1000);
    expect(decodeProtectedHeader(verified.proofToken)).toEqual({ alg: "ES256", typ: "countersign-proof+jwt", kid: "k1" });
    expect(decodeJwt(verified.proofToken)).toEqual({
      iss: "https://otp.example.com",
      aud: shopAudience,
      sub: expect.stringMatching(/^[\w-]{24}$/),
      jti: expect.stringMatching(/^[\w-]{24}$/),
      iat,
      exp: iat + 300,
      amr: ["otp", "sms"],
      challenge_id: challengeId,
      channel: "sms",
      purpose: "payment",
      // printf 'amount=12.00 EUR\npayee=ACME\n' | openssl dgst -sha256 -binary | basenc --base64url | tr -d =
      binding_sha256: "LjlPe6BFd8tSlOvhL6MZc2PZKw4JsO2D1HuTKHNg4SU",
    });
    const currentDate = new Date(verified.verifiedAt);
    const checks = { algorithms: ["ES256"], typ: "countersign-proof+jwt", issuer: terms.issuer, audience: shopAudience, currentDate };
    await jwtVerify(verified.proofToken, createPublicKey(key.privateKey), checks);
  });

  test("answers a retry with the same claims, and no other challenge with the same id", async () => {
    const service = createService();
    const claims = [];
    for (const value of ["+4915112345678", "+4915112345678", "+4915112345679"]) {
      const { challengeId } = await ok(service.send({ recipient: { kind: "phone", value } }));
      const code = service.right();
      const first = decodeJwt((await ok(service.verify(challengeId, code, { requestId: "r" }))).proofToken);
      service.clock.now += 90_000;
      expect(decodeJwt((await ok(service.verify(challengeId, code, { requestId: "r" }))).proofToken)).toEqual(first);
      claims.push(first);
    }
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(3);
    expect(claims[0]?.sub).toBe(claims[1]?.sub);
    expect(claims[2]?.sub).not.toBe(claims[0]?.sub);
  });

  test("gives every application another pseudonym for the same recipient", async () => {
    const service = createService();
    const bank = { ...service.call, caller: { application: { ...application, id: "bank" }, kind: "service" as const, rights, keyId: "" } };
    const subs = [];
    for (const call of [service.call, bank]) {
      const { challengeId } = await ok(service.send({}, call));
      const { proofToken } = await ok(service.verify(challengeId, service.right(), {}, call));
      subs.push(decodeJwt(proofToken).sub);
      // Neither the recipient, nor the name under which the database knows it.
      const ledger = challengeId.slice(0, 20);
      expect([proofToken.includes("4915112345678"), decodeJwt(proofToken).sub?.includes(ledger)]).toEqual([false, false]);
    }
    expect(subs[0]).not.toBe(subs[1]);
  });

  test("signs nothing but a verification", async () => {
    const sign = vi.fn(createProofSigner(terms, [key]).sign);
    const service = createService({ sign });
    const { challengeId } = await ok(service.send());
    await no(service.verify(challengeId, service.wrong()));
    await no(service.verify(challengeId, service.right(), { purpose: "payment" }));
    expect(sign).toHaveBeenCalledTimes(0);
    await ok(service.verify(challengeId, service.right()));
    expect(sign).toHaveBeenCalledTimes(1);
  });

  test("answers without a proof where there is no key", async () => {
    const service = createFixture();
    const { challengeId } = await ok(service.send());
    expect((await ok(service.verify(challengeId, service.right()))).proofToken).toBe("");
  });
});

describe("a proof", () => {
  test("names the recipient itself where it is configured so", async () => {
    const signer = createProofSigner({ ...terms, subject: "recipient" }, [key]);
    expect(decodeJwt(await signer.sign(newProof())).sub).toBe("+4915112345678");
  });

  test("says by RFC 8176 how the code came", async () => {
    const signer = createProofSigner(terms, [key]);
    const amr = async (channel: (typeof channels)[number]) => decodeJwt(await signer.sign(newProof({ channel }))).amr;
    const all = await Promise.all(channels.map(amr));
    expect(Object.fromEntries(channels.map((channel, index) => [channel, all[index]]))).toEqual({
      sms: ["otp", "sms"],
      voice: ["otp", "tel"],
      email: ["otp"],
      whatsapp: ["otp"],
      push: ["otp"],
      totp: ["otp"],
      hotp: ["otp"],
      recovery_code: ["otp"],
    });
  });

  test("has no digest of a binding where there is none", async () => {
    const signer = createProofSigner(terms, [newKey("k2", "current", "EdDSA")]);
    expect(decodeJwt(await signer.sign(newProof({ bindingDigest: digestBinding({}) })))).not.toHaveProperty("binding_sha256");
  });

  test("has a valid signature of one length, also where an integer of it begins with zeros", async () => {
    const signer = createProofSigner(terms, [key]);
    const publicKey = { key: createPublicKey(key.privateKey), dsaEncoding: "ieee-p1363" } as const;
    // Each of the two integers begins with a byte of zeros once in 256, and once in 512 is one byte shorter for it.
    for (let i = 0; i < 3_000; i += 1) {
      const [header, claims, text = ""] = (await signer.sign(newProof())).split(".");
      const signature = Buffer.from(text, "base64url");
      expect(signature).toHaveLength(64);
      expect(verify("sha256", Buffer.from(`${header}.${claims}`), publicKey, signature)).toBe(true);
    }
  });

  test("is signed by the current key, and by no key when there is none", () => {
    expect(() => createProofSigner(terms, [newKey("k1", "next")])).toThrow("no proof key is the current one");
  });
});
