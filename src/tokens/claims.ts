import type { Proof, SignedProof } from "../otp/proof.ts";
import { type Channel, channels } from "../otp/types.ts";

/** A type of its own (RFC 8725, section 3.11): no other token can be taken for a proof, nor a proof for an access token. */
export const proofType = "countersign-proof+jwt";

/** How proofs are made out, for all applications. */
export type ProofTerms = {
  readonly issuer: string;
  readonly ttlMs: number;
  /** Who `sub` is: a pseudonym, or the recipient itself. */
  readonly subject: "pairwise" | "recipient";
  /** `aud`, by the id of the application. */
  readonly audiences: ReadonlyMap<string, string>;
};

export type Claims = {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly amr: readonly string[];
  readonly challenge_id: string;
  readonly channel: Channel;
  readonly purpose: string;
  readonly binding_sha256?: string;
  readonly sim_swap_time?: number;
};

/**
 * RFC 8176, section 2: `sms` and `tel` say by what the one-time password came. For the other ways it has no name: codes of authenticators
 * are its very example of `otp`, and a recovery code is a password that is good once.
 */
const methods: Readonly<Partial<Record<Channel, readonly string[]>>> = { sms: ["otp", "sms"], voice: ["otp", "tel"] };

export function writeClaims(proof: Proof, terms: ProofTerms): Claims {
  const issuedAt = Math.floor(proof.verifiedAt / 1000);
  return {
    iss: terms.issuer,
    aud: audienceOf(terms, proof.application),
    sub: terms.subject === "pairwise" ? proof.pseudonym : proof.recipient.value,
    jti: proof.id,
    // Of the verification, not of the signature: a retry gets no younger proof.
    iat: issuedAt,
    exp: issuedAt + terms.ttlMs / 1000,
    amr: methods[proof.channel] ?? ["otp"],
    challenge_id: proof.challengeId,
    channel: proof.channel,
    purpose: proof.purpose,
    ...(proof.bindingDigest && { binding_sha256: proof.bindingDigest }),
    ...(proof.simSwappedAt !== undefined && { sim_swap_time: Math.floor(proof.simSwappedAt / 1000) }),
  };
}

/** Undefined for claims that we did not write, or not for this application. `exp` is left to the store's clock. */
export function readClaims(value: unknown, terms: ProofTerms, application: string): SignedProof | undefined {
  if (!isClaims(value) || value.iss !== terms.issuer || value.aud !== audienceOf(terms, application)) return undefined;
  return {
    id: value.jti,
    challengeId: value.challenge_id,
    subject: value.sub,
    channel: value.channel,
    purpose: value.purpose,
    bindingDigest: value.binding_sha256 ?? "",
    verifiedAt: value.iat * 1000,
    expiresAt: value.exp * 1000,
  };
}

/** The signature is checked before, so this is about a version of ours that wrote other claims, and not about attacks. */
function isClaims(value: unknown): value is Claims {
  if (typeof value !== "object" || value === null) return false;
  const claims = value as Record<string, unknown>;
  const texts = ["iss", "aud", "sub", "jti", "challenge_id", "purpose"].every((name) => typeof claims[name] === "string");
  const times = ["iat", "exp"].every((name) => Number.isInteger(claims[name]));
  const digest = claims.binding_sha256 === undefined || typeof claims.binding_sha256 === "string";
  return texts && times && digest && channels.some((channel) => channel === claims.channel);
}

function audienceOf({ audiences }: ProofTerms, application: string): string {
  const audience = audiences.get(application);
  if (audience === undefined) throw new Error(`no audience is known for the application ${application}`);
  return audience;
}
