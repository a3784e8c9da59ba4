import { sign } from "node:crypto";
import type { ProofSigner } from "../otp/ports.ts";
import type { ProofAlgorithm, ProofKey } from "../otp/proof.ts";
import { type ProofTerms, proofType, writeClaims } from "./claims.ts";

/** Of ES256 and EdDSA, what Node's `sign` has to be told, and how a JWS has the signature that it makes. */
const signatures: Readonly<Record<ProofAlgorithm, { readonly hash: string | null; format(signature: Buffer): Buffer }>> = {
  ES256: { hash: "sha256", format: joinIntegers },
  EdDSA: { hash: null, format: (signature) => signature },
};

/**
 * Signs with the current key (JWS compact serialisation, RFC 7515, section 7.1). At once, and by hand: to hand it to the thread pool
 * takes the main thread as long as to sign, the Web Cryptography API takes twice as much of the processor, and jose more than that.
 */
export function createProofSigner(terms: ProofTerms, keys: readonly ProofKey[]): ProofSigner {
  const current = keys.find(({ status }) => status === "current");
  if (!current) throw new TypeError("no proof key is the current one");
  const { hash, format } = signatures[current.algorithm];
  const header = encode({ alg: current.algorithm, typ: proofType, kid: current.id });
  return {
    async sign(proof) {
      const signed = `${header}.${encode(writeClaims(proof, terms))}`;
      const signature = format(sign(hash, Buffer.from(signed), current.privateKey));
      return `${signed}.${signature.toString("base64url")}`;
    },
  };
}

const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");

/**
 * The two integers of an ECDSA signature side by side, 32 bytes each (RFC 7518, section 3.4), from `SEQUENCE { INTEGER, INTEGER }` in
 * DER, where none of the lengths takes more than one byte. Node's own `ieee-p1363` doubles the time of a signature.
 */
function joinIntegers(der: Buffer): Buffer {
  const joined = Buffer.alloc(64);
  const secondAt = 4 + (der[3] as number);
  const integers = [der.subarray(4, secondAt), der.subarray(secondAt + 2)];
  integers.forEach((integer, index) => {
    // DER leaves leading zeros out, and puts one before a first bit that would be a sign.
    const digits = integer.subarray(Math.max(0, integer.length - 32));
    joined.set(digits, 32 * (index + 1) - digits.length);
  });
  return joined;
}
