import { addAuthenticators, proveAuthenticator, removeAuthenticator } from "../otp/authenticator-rules.ts";
import type { CancelOutcome, ChallengeRef, ChallengeView, Ledger } from "../otp/ledger.ts";
import { chargeSubject, openUnsent } from "../otp/ledger-authenticators.ts";
import { recordDelivery } from "../otp/ledger-messages.ts";
import {
  cancelChallenge,
  emptyLedger,
  endFallback,
  openChallenge,
  readChallenge,
  resendChallenge,
  verifyChallenge,
} from "../otp/ledger-rules.ts";
import { findDeliveryIn, type MessageName } from "../otp/receipt.ts";
import { replaceSecret, secretsOf } from "../otp/sealed-secrets.ts";
import type { LedgerLimits } from "../otp/types.ts";
import type { Ledgers } from "./sqlite-ledgers.ts";
import type { Limits } from "./sqlite-limits.ts";
import type { Answered, Asked, Operation } from "./sqlite-protocol.ts";
import type { Redemptions } from "./sqlite-redemptions.ts";
import type { TrafficTables } from "./sqlite-traffic.ts";

/** Everything in the database that an operation may touch. */
export type Tables = {
  readonly ledgers: Ledgers;
  readonly redemptions: Redemptions;
  readonly limits: Limits;
  readonly traffic: TrafficTables;
};

const notFound = { status: "not_found" } as const;

/**
 * Runs one operation in the transaction around it. Its one write comes last, and each statement is all or nothing: whatever
 * throws here has changed nothing.
 */
export function runOperation(
  { ledgers, redemptions, limits, traffic }: Tables,
  operation: Operation,
  clock: number,
): Answered<Operation[0]> {
  const [verb, request] = operation;
  switch (verb) {
    case "open":
      return create(ledgers, request, clock, (ledger, now) => openChallenge(ledger, request, now));
    case "openUnsent":
      return create(ledgers, request, clock, (ledger, now) => openUnsent(ledger, request, now));
    case "charge":
      return create(ledgers, request, clock, (ledger, now) => chargeSubject(ledger, request, now));
    case "resend":
      return change(ledgers, request, clock, (ledger, now) => resendChallenge(ledger, request, now)) ?? notFound;
    case "verify":
      return change(ledgers, request, clock, (ledger, now) => verifyChallenge(ledger, request, now)) ?? notFound;
    case "cancel":
      return change<CancelOutcome>(ledgers, request, clock, (ledger, now) => cancelChallenge(ledger, request, now)) ?? notFound;
    case "recordDelivery":
      return change(ledgers, request, clock, (ledger, now) => recordDelivery(ledger, request, now));
    case "dueFallbacks":
      return ledgers.due(request.before, request.limit);
    case "endFallback":
      return void change(ledgers, request, clock, (ledger) => endFallback(ledger, request));
    case "read":
      return read(ledgers, request, clock);
    case "forgive":
      return forgive(ledgers, request, clock);
    case "inspect":
      return inspect(ledgers, request, clock);
    case "erase":
      return ledgers.erase(request);
    case "addAuthenticators":
      return create(ledgers, request, clock, (ledger, now) => addAuthenticators(ledger, request, now));
    case "proveAuthenticator":
      return change(ledgers, request, clock, (ledger, now) => proveAuthenticator(ledger, request, now)) ?? notFound;
    case "removeAuthenticator":
      return change(ledgers, request, clock, (ledger, now) => removeAuthenticator(ledger, request, now)) ?? notFound;
    case "listSecrets":
      return listSecrets(ledgers, request, clock);
    case "replaceSecret":
      return change(ledgers, request, clock, (ledger) => replaceSecret(ledger, request)) ?? false;
    case "findDelivery":
      return find(ledgers, request);
    case "redeem":
      return redemptions.redeem(request, clock);
    case "countTraffic":
      return traffic.countTraffic(request, clock);
    case "raiseBlock":
      return traffic.raiseBlock(request, clock);
    case "listBlocks":
      return traffic.listBlocks(request, clock);
    case "countHits":
      return traffic.countHits(request, clock);
    case "endBlock":
      return traffic.endBlock(request, clock);
    case "takeLimits":
      return limits.take(request, clock);
    case "giveBackLimits":
      return limits.giveBack(request, clock);
    case "ping":
      return ledgers.touch();
    default:
      return verb satisfies never;
  }
}

/** What a ledger can begin with. */
const beginning: ReadonlySet<string> = new Set(["opened", "charged", "added"]);

type OfLedger = Pick<ChallengeRef, "ledger" | "application">;

/** A ledger that is not there begins with what is allowed, and with nothing else. */
function create<T extends { readonly status: string }>(
  ledgers: Ledgers,
  request: OfLedger & { readonly limits: LedgerLimits },
  clock: number,
  rule: (ledger: Ledger, now: number) => T,
): T {
  const row = ledgers.find(request.ledger);
  if (!row) {
    const ledger = emptyLedger(request.application);
    const outcome = rule(ledger, clock);
    if (beginning.has(outcome.status)) ledgers.insert(request.ledger, ledger, request.limits, clock);
    return outcome;
  }
  // A ledger's id is a digest of its application: this is a defect, and nothing a caller could bring about.
  if (row.ledger.application !== request.application) throw new Error("a ledger was asked for by another application");
  const now = Math.max(clock, row.updatedAt);
  const outcome = rule(row.ledger, now);
  ledgers.update(row, request.limits, now);
  return outcome;
}

/**
 * A clock set back stands still for the ledger until it has caught up: moments stay in order, and what has run out stays out.
 */
function change<T>(
  ledgers: Ledgers,
  request: OfLedger & { readonly limits?: LedgerLimits },
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

function find(ledgers: Ledgers, { ledgers: ids, ...wanted }: Asked<"findDelivery">): MessageName | undefined {
  for (const id of ids) {
    const row = ledgers.find(id);
    const name = row && findDeliveryIn(row.ledger, id, wanted);
    if (name) return name;
  }
  return undefined;
}

function inspect(ledgers: Ledgers, id: string, clock: number): Answered<"inspect"> {
  const row = ledgers.find(id);
  return row && { ledger: row.ledger, now: Math.max(clock, row.updatedAt) };
}

function forgive(ledgers: Ledgers, id: string, clock: number): boolean {
  const row = ledgers.find(id);
  if (!row) return false;
  Object.assign(row.ledger, { failures: [], failuresInRow: 0 });
  ledgers.update(row, undefined, Math.max(clock, row.updatedAt));
  return true;
}

/** `number` is the cursor: records are read in the order they lie in, and those that are made meanwhile come last. */
function listSecrets(ledgers: Ledgers, { after, limit, except }: Asked<"listSecrets">, clock: number): Answered<"listSecrets"> {
  const rows = ledgers.after(Number(after), limit);
  const secrets = rows.flatMap(({ id, ledger, updatedAt }) =>
    ledger ? secretsOf(ledger, { ledger: id, except, now: Math.max(clock, updatedAt) }) : [],
  );
  const damaged = rows.filter(({ ledger }) => !ledger).map(({ id }) => id);
  const last = rows.at(-1);
  return { secrets, damaged, ...(last && { next: String(last.number) }) };
}
