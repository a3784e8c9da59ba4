/** Proofs and what they are made of, for every test about them. */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { digestBinding, type Proof, type ProofAlgorithm, type ProofKey } from "../../src/otp/proof.ts";
import { type ProofTerms, proofType, writeClaims } from "../../src/tokens/claims.ts";

export const terms: ProofTerms = {
  issuer: "https://otp.example.com",
  ttlMs: 300_000,
  subject: "pairwise",
  audiences: new Map([
    ["shop", "https://shop.example.com"],
    ["bank", "bank"],
  ]),
};

export const shopAudience = "https://shop.example.com";

/** Characters that JSON libraries escape differently, and keys whose order is another one than that of their lines. */
export const binding = { payee: "Bücher & Söhne <GmbH>", "a.b": "=", a: "é", amount: '12.00 "EUR"\\' };

export const newKey = (id: string, status: ProofKey["status"] = "current", algorithm: ProofAlgorithm = "ES256"): ProofKey => ({
  id,
  algorithm,
  status,
  privateKey:
    algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : generateKeyPairSync("ed25519").privateKey,
});

export const newProof = (change: Partial<Proof> = {}): Proof => ({
  id: randomBytes(18).toString("base64url"),
  application: "shop",
  challengeId: randomBytes(27).toString("base64url"),
  recipient: { kind: "phone", value: "+4915112345678" },
  pseudonym: "pseudonym",
  channel: "sms",
  purpose: "payment",
  bindingDigest: digestBinding(binding),
  verifiedAt: Date.now(),
  ...change,
});

export const claimsOf = (change: Partial<Proof> = {}): Record<string, unknown> => ({ ...writeClaims(newProof(change), terms) });

export const headerOf = ({ id, algorithm }: ProofKey): Record<string, unknown> => ({ alg: algorithm, typ: proofType, kid: id });

/** A token of whatever it is told to be made of. */
export function craft(header: object, claims: object, signature: (signed: Buffer) => Buffer): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${signature(Buffer.from(signed)).toString("base64url")}`;
}

export const signedBy =
  (key: KeyObject) =>
  (signed: Buffer): Buffer =>
    key.asymmetricKeyType === "ec" ? sign("sha256", signed, { key, dsaEncoding: "ieee-p1363" }) : sign(null, signed, key);
