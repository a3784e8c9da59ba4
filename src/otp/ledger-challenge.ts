import type { ChallengeView, Ledger, LedgerChallenge, OpenChallenge } from "./ledger.ts";

type Opening = Pick<OpenChallenge, "purpose" | "context" | "lifetimeMs" | "subject"> & Pick<LedgerChallenge, "codeLength" | "sealed">;

/** A challenge before its first message. */
export const newChallenge = ({ purpose, context, lifetimeMs, subject, codeLength, sealed }: Opening, now: number): LedgerChallenge => ({
  state: "open",
  purpose,
  codeLength,
  createdAt: now,
  expiresAt: now + lifetimeMs,
  resendAt: now,
  context,
  codes: [],
  attempts: 0,
  sends: 0,
  sealed,
  deliveries: {},
  answers: {},
  reuses: 0,
  ...(subject !== undefined && { subject }),
});

/** Shares the ledger's objects: to be handed out before the next rule runs on it. */
export const viewOf = (ledger: Ledger, nonce: string, now: number): ChallengeView => ({
  nonce,
  now,
  challenge: ledger.challenges[nonce] as LedgerChallenge,
  failures: ledger.failures,
  failuresInRow: ledger.failuresInRow,
});
