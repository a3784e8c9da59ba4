import type { CompactVerifyResult } from "jose";
import type { ProofReader } from "../otp/ports.ts";
import { type ProofKey, proofAlgorithms } from "../otp/proof.ts";
import { type ProofTerms, proofType, readClaims } from "./claims.ts";
import { publicKeys } from "./public-keys.ts";

/** Every published key verifies, and not only the current one: replicas that restart one by one differ about which that is. */
export function createProofReader(terms: ProofTerms, keys: readonly ProofKey[]): ProofReader {
  let verify: Promise<Verify> | undefined;
  return {
    async read(token, application) {
      if (!isCanonical(token)) return undefined;
      verify ??= loadVerify(keys);
      const verified = await (await verify)(token);
      if (verified?.protectedHeader.typ !== proofType || verified.protectedHeader.kid === undefined) return undefined;
      return readClaims(JSON.parse(Buffer.from(verified.payload).toString()), terms, application);
    },
  };
}

type Verify = (token: string) => Promise<CompactVerifyResult | undefined>;

/** Loaded with the first proof that is redeemed: many services never redeem one here. */
async function loadVerify(keys: readonly ProofKey[]): Promise<Verify> {
  const { compactVerify, createLocalJWKSet, errors } = await import("jose");
  const keyOf = createLocalJWKSet(publicKeys(keys));
  const algorithms = [...proofAlgorithms];
  return (token) =>
    compactVerify(token, keyOf, { algorithms }).catch((error: unknown) => {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    });
}

/** Base64url in its one right spelling: decoders ignore the unused bits of the last character, so that a signature would have several. */
const isCanonical = (token: string): boolean =>
  /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) && token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
