import { createHash, type KeyObject } from "node:crypto";
import { formatChallengeId } from "./challenge-id.ts";
import type { Keyring } from "./keyring.ts";
import type { ChallengeRef } from "./ledger.ts";
import type { Binding, Channel, Recipient } from "./types.ts";

/** What a proof says, before it is signed. */
export type Proof = {
  /** One per accepted code, so that a retried VerifyCode yields no second redemption. */
  readonly id: string;
  readonly application: string;
  readonly challengeId: string;
  readonly recipient: Recipient;
  /** Of the recipient: the same in every proof to this application, and in none to another. */
  readonly pseudonym: string;
  readonly channel: Channel;
  readonly purpose: string;
  /** Empty without a binding. */
  readonly bindingDigest: string;
  readonly verifiedAt: number;
  /** When the number's SIM was changed, where that is to be told. */
  readonly simSwappedAt?: number;
};

/** What a genuine proof said. Whether it is still in time, and the first of its kind, is for the store to decide. */
export type SignedProof = Pick<Proof, "id" | "challengeId" | "channel" | "purpose" | "bindingDigest" | "verifiedAt"> & {
  readonly subject: string;
  readonly expiresAt: number;
};

export const proofAlgorithms = ["ES256", "EdDSA"] as const;
export type ProofAlgorithm = (typeof proofAlgorithms)[number];

/** `current` signs. All are published: `next` so that verifiers know it in time, `previous` for the proofs that are still under way. */
export const proofKeyStatuses = ["next", "current", "previous"] as const;

export type ProofKey = {
  readonly id: string;
  readonly algorithm: ProofAlgorithm;
  readonly status: (typeof proofKeyStatuses)[number];
  readonly privateKey: KeyObject;
};

type Verified = Pick<Proof, "recipient" | "channel" | "purpose" | "verifiedAt" | "simSwappedAt">;

export function proofOf(
  keyring: Keyring,
  ref: ChallengeRef,
  { recipient, channel, purpose, verifiedAt, simSwappedAt }: Verified,
  binding: Binding,
): Proof {
  const challengeId = formatChallengeId(ref);
  return {
    // With the moment in it: an idempotency key that is used again long after makes a challenge of the same name.
    id: keyring.digest("proof", challengeId, String(verifiedAt)),
    application: ref.application,
    challengeId,
    recipient,
    // A ledger is one recipient of one application, and its name is in the database: the pseudonym is another one.
    pseudonym: keyring.digest("subject", ref.ledger),
    channel,
    purpose,
    bindingDigest: digestBinding(binding),
    verifiedAt,
    ...(simSwappedAt !== undefined && { simSwappedAt }),
  };
}

/**
 * SHA-256 of `key=value` lines in the order of their keys, each ended by a newline: no key holds `=`, and no value a newline, so no
 * two bindings read the same, and any language can do it without a JSON library.
 */
export function digestBinding(binding: Binding): string {
  const keys = Object.keys(binding).sort();
  if (keys.length === 0) return "";
  const text = keys.map((key) => `${key}=${binding[key]}\n`).join("");
  return createHash("sha256").update(text).digest("base64url");
}
