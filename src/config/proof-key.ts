import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { ProofAlgorithm } from "../otp/proof.ts";

export const proofKeyForm = "a private key in PEM (PKCS#8) or as a JWK, as make-proof-key prints it";

/** The placeholder of the sample: what begins like this was never replaced. */
const placeholder = /^replace/i;

/** What is wrong with a private key by itself, if anything. */
export function proofKeyProblem(value: string): string | undefined {
  if (placeholder.test(value)) return "is still the placeholder of the sample: write what make-proof-key prints";
  const key = parseProofKey(value);
  if (!key) return `is no private key that can be read: write ${proofKeyForm}`;
  return algorithmOf(key) ? undefined : `is a key of another kind: write an EC key on the curve P-256, or an Ed25519 key`;
}

/** Undefined for what is no private key without a passphrase. */
export function parseProofKey(value: string): KeyObject | undefined {
  try {
    const text = value.trim();
    return text.startsWith("{") ? createPrivateKey({ key: JSON.parse(text), format: "jwk" }) : createPrivateKey(text);
  } catch {
    return undefined;
  }
}

/** The one algorithm that a key signs by. */
export function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): ProofAlgorithm | undefined {
  if (asymmetricKeyType === "ed25519") return "EdDSA";
  return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1" ? "ES256" : undefined;
}

/** One text per key, whatever it was written in. */
export const publicPart = (key: KeyObject): string => createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64");
