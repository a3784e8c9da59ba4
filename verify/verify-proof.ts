import { createHash } from "node:crypto";
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";

export type ProofVerifierOptions = {
  /** Where Countersign publishes its keys: `https://otp.example.com/.well-known/jwks.json`. */
  readonly jwksUrl: string;
  /** `proofs.issuer` of its configuration; `countersign-development` in development mode. */
  readonly issuer: string;
  /** The application's `proofAudience`: its id, unless configured otherwise. */
  readonly audience: string;
  /** How far the clocks may differ. Default 5. */
  readonly leewaySeconds?: number;
};

/** What is about to be done. */
export type Demand = {
  /** The purpose that the code was sent for. */
  readonly purpose: string;
  /** The binding that the code was sent with; a proof that has another one, or any where none is demanded, is refused. */
  readonly binding?: Readonly<Record<string, string>> | undefined;
};

export type ProofClaims = JWTPayload & {
  readonly sub: string;
  readonly jti: string;
  readonly challenge_id: string;
  readonly channel: string;
  readonly purpose: string;
  readonly binding_sha256?: string;
};

export type ProofRefusalReason = "PROOF_MISSING" | "PROOF_INVALID" | "PROOF_EXPIRED" | "PROOF_PURPOSE_MISMATCH" | "PROOF_BINDING_MISMATCH";

export type ProofVerdict =
  | { readonly ok: true; readonly claims: ProofClaims }
  | { readonly ok: false; readonly reason: ProofRefusalReason; readonly message: string };

/** Rejects with ProofKeysUnavailable, and with nothing else. */
export type ProofVerifier = (token: string | undefined, demand: Demand) => Promise<ProofVerdict>;

/** The public keys cannot be had, so that nothing can be said of any proof. Both names of the status are read by frameworks. */
export class ProofKeysUnavailable extends Error {
  readonly status = 503;
  readonly statusCode = 503;
  constructor(cause: unknown) {
    super("the keys that proofs are checked with cannot be fetched", { cause });
    this.name = "ProofKeysUnavailable";
  }
}

const maxTokenLength = 4096;
const keptMs = 300_000;
const fetchMs = 5_000;

/** Make it once: it keeps the keys for five minutes, and asks again for a key it does not know, at most every 30 s. */
export function createProofVerifier({ jwksUrl, issuer, audience, leewaySeconds = 5 }: ProofVerifierOptions): ProofVerifier {
  const keys = createRemoteJWKSet(new URL(jwksUrl), { cacheMaxAge: keptMs, timeoutDuration: fetchMs });
  const options = {
    algorithms: ["ES256", "EdDSA"],
    typ: "countersign-proof+jwt",
    issuer,
    audience,
    requiredClaims: ["sub", "jti", "iat", "exp"],
    clockTolerance: leewaySeconds,
  };
  return async (token, demand) => {
    if (!token) return refuse("PROOF_MISSING", `a proof of a code for ${demand.purpose} is needed`);
    if (token.length > maxTokenLength || !isCanonical(token)) return refuse("PROOF_INVALID", "this is no proof");
    try {
      const { payload } = await jwtVerify(token, keys, options);
      return compare(payload as ProofClaims, demand);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return refuse("PROOF_EXPIRED", "the proof's lifetime is over; send a new code");
      if (isFaultOfToken(error)) return refuse("PROOF_INVALID", "this is no proof for this service");
      throw new ProofKeysUnavailable(error);
    }
  };
}

function compare(claims: ProofClaims, { purpose, binding = {} }: Demand): ProofVerdict {
  if (claims.purpose !== purpose)
    return refuse("PROOF_PURPOSE_MISMATCH", `a proof of a code for ${purpose} is needed, this is for another`);
  if (claims.binding_sha256 !== digest(binding)) return refuse("PROOF_BINDING_MISMATCH", "the code confirmed something else than this");
  return { ok: true, claims };
}

const refuse = (reason: ProofRefusalReason, message: string): ProofVerdict => ({ ok: false, reason, message });

/** Decoders ignore the unused bits of the last character, so that one signature could be spelled in several ways. */
const isCanonical = (token: string): boolean =>
  token.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);

const faultsOfToken = [
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];
const isFaultOfToken = (error: unknown): boolean => faultsOfToken.some((kind) => error instanceof kind);

/** As `docs/proof-tokens.md` says: one line per entry, in the byte order of the keys, which are ASCII. */
function digest(binding: Readonly<Record<string, string>>): string | undefined {
  const keys = Object.keys(binding).sort();
  if (keys.length === 0) return undefined;
  const lines = keys.map((key) => `${key}=${binding[key]}\n`).join("");
  return createHash("sha256").update(lines).digest("base64url");
}
