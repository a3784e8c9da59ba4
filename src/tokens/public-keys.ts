import { createPublicKey } from "node:crypto";
import type { ProofKey } from "../otp/proof.ts";

/** RFC 7517, and what of a key RFC 7518 (section 6.2.1) and RFC 8037 (section 2) make public. */
export type PublicKey = {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
  readonly kid: string;
  readonly alg: string;
  readonly use: "sig";
};

/** All keys as a JWK Set. Named field by field, from the public key alone: nothing private can come along. */
export const publicKeys = (keys: readonly ProofKey[]): { keys: PublicKey[] } => ({ keys: keys.map(publicKey) });

function publicKey({ id, algorithm, privateKey }: ProofKey): PublicKey {
  const { kty = "", crv = "", x = "", y } = createPublicKey(privateKey).export({ format: "jwk" });
  return { kty, crv, x, ...(y !== undefined && { y }), kid: id, alg: algorithm, use: "sig" };
}
