import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { developmentProofs } from "../../src/config/development-proofs.ts";
import { publicPart } from "../../src/config/proof-key.ts";
import {
  anApplication,
  aProofKey,
  developmentProblems,
  loadDevelopment,
  loadGood,
  problemsOf,
  production,
  temporaryFolder,
} from "./production.ts";

const withProofs = (...keys: readonly unknown[]) => ({
  ...production(),
  proofs: { issuer: "https://otp.example.com", keys } as Record<string, unknown>,
});

const edKey = generateKeyPairSync("ed25519").privateKey;
const asPem = { id: "e", status: "next", algorithm: "EdDSA", privateKey: edKey.export({ format: "pem", type: "pkcs8" }) };
const asJwk = { ...asPem, privateKey: JSON.stringify(edKey.export({ format: "jwk" })) };

describe("proofs", () => {
  test("may be left out, outside of development", () => {
    expect(loadGood(production()).proofs).toBeUndefined();
  });

  test("have defaults, and the id of an application as its audience", () => {
    const config = loadGood({
      ...withProofs(aProofKey()),
      applications: [anApplication("shop"), { ...anApplication("bank"), proofAudience: "https://bank.example.com" }],
    });
    expect(config.proofs).toMatchObject({ issuer: "https://otp.example.com", ttlMs: 300_000, subject: "pairwise" });
    expect([...(config.proofs?.audiences ?? [])]).toEqual([
      ["shop", "shop"],
      ["bank", "https://bank.example.com"],
    ]);
    expect(config.proofs?.keys.map(({ id, algorithm, status }) => [id, algorithm, status])).toEqual([["p1", "ES256", "current"]]);
  });

  test("take a key as PEM, as JWK, from a file and from a variable", () => {
    const file = join(temporaryFolder(), "proof.pem");
    writeFileSync(file, asPem.privateKey, { mode: 0o600 });
    for (const key of [asPem, asJwk, { ...asPem, privateKey: { file } }, { ...asPem, privateKey: { env: "PROOF_KEY" } }]) {
      const config = loadGood(withProofs(aProofKey(), key), { PROOF_KEY: asJwk.privateKey });
      expect(config.proofs?.keys[1]?.privateKey.equals(edKey)).toBe(true);
    }
  });

  test("take a key from a variable that names the setting", () => {
    const config = loadGood(withProofs(aProofKey(), asPem), { COUNTERSIGN__proofs__keys__1__privateKey: asJwk.privateKey });
    expect(config.proofs?.keys[1]?.privateKey.equals(edKey)).toBe(true);
  });

  test("are signed by a known key in development, and by it nowhere else", () => {
    const [one, another] = [loadDevelopment(), loadDevelopment()].map(({ proofs }) =>
      proofs?.keys.map(({ privateKey }) => publicPart(privateKey)),
    );
    expect([one?.length, one]).toEqual([1, another]);
    expect(loadDevelopment({ COUNTERSIGN__proofs__ttlSeconds: "60" }).proofs?.ttlMs).toBe(60_000);
    expect(problemsOf(withProofs(...developmentProofs.keys))).toEqual([
      expect.stringMatching(/^proofs\.keys\[0\]\.privateKey is the one of development mode, which everybody knows/),
    ]);
  });
});

describe("what is wrong with proofs is told by name", () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ format: "pem", type: "pkcs8" });
  const encrypted = edKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" });
  const good = aProofKey();
  const cases: readonly (readonly [name: string, keys: readonly unknown[], problems: readonly string[]])[] = [
    ["no key", [], ["proofs.keys is a list of 0: write a list of 1 to 8 keys, one of them current"]],
    ["none current", [aProofKey("a", "next")], ["proofs.keys has no key that signs: set the status of one to current"]],
    [
      "two current",
      [good, aProofKey("b")],
      ["proofs.keys[1].status is current, as another one's is: exactly one key signs, the others are next or previous"],
    ],
    [
      "one id twice",
      [good, aProofKey("p1", "next")],
      ["proofs.keys[1].id is the id of another proof key: each needs its own, and none may come back under another key"],
    ],
    [
      "one key twice",
      [good, asPem, { ...asJwk, id: "f" }],
      ["proofs.keys[2].privateKey is the same as another proof key: write what make-proof-key prints"],
    ],
    ["another algorithm", [{ ...good, algorithm: "EdDSA" }], ["proofs.keys[0].algorithm is not the algorithm of its key: write ES256"]],
    ["an unknown algorithm", [{ ...good, algorithm: "none" }], ["proofs.keys[0].algorithm cannot be used: write one of ES256, EdDSA"]],
    [
      "another curve",
      [{ ...good, privateKey: p384 }],
      ["proofs.keys[0].privateKey is a key of another kind: write an EC key on the curve P-256, or an Ed25519 key"],
    ],
    [
      "an encrypted key",
      [{ ...good, privateKey: encrypted }],
      [
        "proofs.keys[0].privateKey is no private key that can be read: write a private key in PEM (PKCS#8) or as a JWK, as make-proof-key prints it",
      ],
    ],
    [
      "the placeholder",
      [{ ...good, privateKey: "replace by what make-proof-key prints" }],
      ["proofs.keys[0].privateKey is still the placeholder of the sample: write what make-proof-key prints"],
    ],
  ];
  test.each(cases)("%s", (_, keys, problems) => {
    expect(problemsOf(withProofs(...keys))).toEqual(problems);
  });

  test("a public key, and never its text", () => {
    const { d: _d, ...publicKey } = edKey.export({ format: "jwk" });
    const [problem] = problemsOf(withProofs({ ...good, privateKey: JSON.stringify(publicKey) }));
    expect(problem).toMatch(/^proofs\.keys\[0\]\.privateKey is no private key/);
    expect(problem).not.toContain(publicKey.x);
  });

  test("lifetimes out of bounds", () => {
    for (const ttlSeconds of [29, 3601, 60.5]) {
      const { proofs, ...rest } = withProofs(good);
      expect(problemsOf({ ...rest, proofs: { ...proofs, ttlSeconds } })).toEqual([
        expect.stringMatching(/^proofs\.ttlSeconds is [\d.]+: write/),
      ]);
    }
    expect(developmentProblems({ COUNTERSIGN__proofs__subject: "phone" })).toEqual([
      expect.stringMatching(/proofs\.subject.*pairwise, recipient/),
    ]);
  });

  test("two applications with one audience", () => {
    const applications = [anApplication("shop"), { ...anApplication("bank"), proofAudience: "shop" }];
    expect(problemsOf({ ...withProofs(good), applications })).toEqual([
      "applications[1].proofAudience is the audience of another application, whose proofs would pass for this one's: each needs its own",
    ]);
  });
});
