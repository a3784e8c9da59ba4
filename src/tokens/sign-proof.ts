import { webcrypto } from "node:crypto";
import type { ProofSigner } from "../otp/ports.ts";
import type { ProofAlgorithm, ProofKey } from "../otp/proof.ts";
import { type ProofTerms, proofType, writeClaims } from "./claims.ts";

/** ES256 and EdDSA as the Web Cryptography API names them. */
const signatures: Readonly<Record<ProofAlgorithm, { readonly name: string; readonly namedCurve?: string; readonly hash?: string }>> = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
};

/**
 * Signs with the current key (JWS compact serialisation, RFC 7515, section 7.1). The signature is made in the thread pool, and the
 * rest by hand: jose's builder takes three times as long on the main thread, which all other calls share.
 */
export function createProofSigner(terms: ProofTerms, keys: readonly ProofKey[]): ProofSigner {
  const current = keys.find(({ status }) => status === "current");
  if (!current) throw new TypeError("no proof key is the current one");
  const algorithm = signatures[current.algorithm];
  const key = current.privateKey.toCryptoKey(algorithm, false, ["sign"]);
  const header = encode({ alg: current.algorithm, typ: proofType, kid: current.id });
  return {
    async sign(proof) {
      const signed = `${header}.${encode(writeClaims(proof, terms))}`;
      const signature = await webcrypto.subtle.sign(algorithm, key, Buffer.from(signed));
      return `${signed}.${Buffer.from(signature).toString("base64url")}`;
    },
  };
}

const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
