import type { CancelOutcome, ChallengeRef, ChallengeView, Ledger, OpenChallenge, OpenOutcome } from "../otp/ledger.ts";
import {
  cancelChallenge,
  emptyLedger,
  openChallenge,
  readChallenge,
  recordDelivery,
  resendChallenge,
  verifyChallenge,
} from "../otp/ledger-rules.ts";
import type { LedgerLimits } from "../otp/types.ts";
import type { Ledgers } from "./sqlite-ledgers.ts";
import type { Answered, Operation } from "./sqlite-protocol.ts";
import type { Redemptions } from "./sqlite-redemptions.ts";

/** Everything in the database that an operation may touch. */
export type Tables = { readonly ledgers: Ledgers; readonly redemptions: Redemptions };

const notFound = { status: "not_found" } as const;

/**
 * Runs one operation in the transaction around it. Its one write comes last, and each statement is all or nothing: whatever
 * throws here has changed nothing.
 */
export function runOperation({ ledgers, redemptions }: Tables, operation: Operation, clock: number): Answered<Operation[0]> {
  const [verb, request] = operation;
  switch (verb) {
    case "open":
      return open(ledgers, request, clock);
    case "resend":
      return change(ledgers, request, clock, (ledger, now) => resendChallenge(ledger, request, now)) ?? notFound;
    case "verify":
      return change(ledgers, request, clock, (ledger, now) => verifyChallenge(ledger, request, now)) ?? notFound;
    case "cancel":
      return change<CancelOutcome>(ledgers, request, clock, (ledger, now) => cancelChallenge(ledger, request, now)) ?? notFound;
    case "recordDelivery":
      return change(ledgers, request, clock, (ledger, now) => recordDelivery(ledger, request, now));
    case "read":
      return read(ledgers, request, clock);
    case "forgive":
      return forgive(ledgers, request, clock);
    case "redeem":
      return redemptions.redeem(request, clock);
    case "ping":
      return undefined;
    default:
      return verb satisfies never;
  }
}

function open(ledgers: Ledgers, request: OpenChallenge, clock: number): OpenOutcome {
  const row = ledgers.find(request.ledger);
  if (!row) {
    const ledger = emptyLedger(request.application);
    const outcome = openChallenge(ledger, request, clock);
    ledgers.insert(request.ledger, ledger, request.limits, clock);
    return outcome;
  }
  // A ledger's id is a digest of its application: this is a defect, and nothing a caller could bring about.
  if (row.ledger.application !== request.application) throw new Error("a ledger was asked for by another application");
  const now = Math.max(clock, row.updatedAt);
  const outcome = openChallenge(row.ledger, request, now);
  ledgers.update(row, request.limits, now);
  return outcome;
}

/**
 * A clock set back stands still for the ledger until it has caught up: moments stay in order, and what has run out stays out.
 */
function change<T>(
  ledgers: Ledgers,
  request: ChallengeRef & { readonly limits?: LedgerLimits },
  clock: number,
  rule: (ledger: Ledger, now: number) => T,
): T | undefined {
  const row = ledgers.find(request.ledger);
  if (row?.ledger.application !== request.application) return undefined;
  const now = Math.max(clock, row.updatedAt);
  const outcome = rule(row.ledger, now);
  ledgers.update(row, request.limits, now);
  return outcome;
}

function read(ledgers: Ledgers, request: ChallengeRef, clock: number): ChallengeView | undefined {
  const row = ledgers.find(request.ledger);
  if (row?.ledger.application !== request.application) return undefined;
  return readChallenge(row.ledger, request, Math.max(clock, row.updatedAt));
}

function forgive(ledgers: Ledgers, id: string, clock: number): boolean {
  const row = ledgers.find(id);
  if (!row) return false;
  Object.assign(row.ledger, { failures: [], failuresInRow: 0 });
  ledgers.update(row, undefined, Math.max(clock, row.updatedAt));
  return true;
}
