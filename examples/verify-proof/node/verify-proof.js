// Checks Countersign proofs: node verify-proof.js JWKS_URL ISSUER AUDIENCE PURPOSE [KEY=VALUE ...] < tokens
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { createRemoteJWKSet, jwtVerify } from "jose";

/** Make it once: it keeps the keys, and fetches them again when they are ten minutes old or a new one appears. */
export function createProofVerifier({ jwksUrl, issuer, audience }) {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  /** The claims of a right proof; throws for any other. `purpose` and `binding` are what you are about to do. */
  return async (token, purpose, binding = {}) => {
    if (!isCanonical(token)) throw new Error("not in the canonical form");
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ["ES256", "EdDSA"],
      typ: "countersign-proof+jwt",
      issuer,
      audience,
      requiredClaims: ["sub", "jti", "iat", "exp"],
      clockTolerance: 5,
    });
    if (payload.purpose !== purpose) throw new Error("made for another purpose");
    if (payload.binding_sha256 !== digestBinding(binding)) throw new Error("made for another binding");
    return payload;
  };
}

/** Decoders ignore the unused bits of the last character, so that one signature could be spelled in several ways. */
const isCanonical = (token) => token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);

function digestBinding(binding) {
  const keys = Object.keys(binding).sort();
  if (keys.length === 0) return undefined;
  const text = keys.map((key) => `${key}=${binding[key]}\n`).join("");
  return createHash("sha256").update(text).digest("base64url");
}

const [jwksUrl, issuer, audience, purpose, ...pairs] = process.argv.slice(2);
const binding = Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
const verifyProof = createProofVerifier({ jwksUrl, issuer, audience });
for await (const token of createInterface({ input: process.stdin })) {
  const line = await verifyProof(token, purpose, binding).then(
    (claims) => `ok ${claims.sub}`,
    (error) => `refused: ${error.message}`,
  );
  process.stdout.write(`${line}\n`);
}
