import { isActive } from "./authenticator.ts";
import { invalid } from "./check.ts";
import type { OtpDeps } from "./deps.ts";
import type { Ledger } from "./ledger.ts";
import { recipientLocked } from "./ledger-limits.ts";
import { maskRecipient } from "./mask.ts";
import type { AdminAct } from "./ports.ts";
import { allowed, type Result } from "./refusal.ts";
import { orUnavailable } from "./refuse.ts";
import type { LedgerStore } from "./store-ports.ts";
import type { Call, LedgerLimits, Recipient } from "./types.ts";

export type AdminDeps = Pick<OtpDeps, "keyring" | "parseRecipient"> & {
  readonly ledgers: Pick<LedgerStore, "inspect" | "forgive" | "erase">;
  readonly events: { adminActed(act: AdminAct): void };
};

/** What an operator may know of a recipient. Moments are milliseconds since 1970 by the store's clock. */
export type RecipientState = {
  readonly maskedRecipient: string;
  readonly locked: boolean;
  /** Absent for a lock that only an operator ends. */
  readonly unlocksAt?: number;
  readonly failuresInRow: number;
  readonly failures: readonly number[];
  readonly sends: readonly number[];
  readonly openChallenges: number;
  readonly authenticators: number;
};

type RecipientRequest = { readonly recipient: Recipient | undefined };

/** Shows what is remembered of a recipient. */
export const getRecipient = (deps: AdminDeps, request: RecipientRequest, call: Call): Promise<Result<RecipientState>> =>
  onLedger(deps, { act: "get_recipient", ...request }, call, async (ledger, recipient) => {
    const found = await deps.ledgers.inspect(ledger);
    return describe(recipient, found?.ledger, found?.now ?? 0, call.caller.application.limits);
  });

/** Forgives a recipient's wrong guesses. */
export const unlockRecipient = (deps: AdminDeps, request: RecipientRequest, call: Call): Promise<Result<{ readonly known: boolean }>> =>
  onLedger(deps, { act: "unlock_recipient", ...request }, call, async (ledger) => ({ known: await deps.ledgers.forgive(ledger) }));

/** Forgets all there is of a recipient. */
export const eraseRecipient = (deps: AdminDeps, request: RecipientRequest, call: Call): Promise<Result<{ readonly known: boolean }>> =>
  onLedger(deps, { act: "erase_recipient", ...request }, call, async (ledger) => ({ known: await deps.ledgers.erase(ledger) }));

type Act<T> = (ledger: string, recipient: Recipient) => Promise<T>;

/** Acts on a recipient of the caller's own application, whatever came of it noted in the audit log. */
async function onLedger<T>(
  deps: AdminDeps,
  { act, recipient }: RecipientRequest & Pick<AdminAct, "act">,
  { caller }: Call,
  work: Act<T>,
): Promise<Result<T>> {
  const { id } = caller.application;
  const parsed = recipient && deps.parseRecipient(recipient, caller.application);
  if (!parsed?.ok) {
    return invalid([parsed?.violation ?? { field: "recipient", description: "set phone_number, email_address or subject" }]);
  }
  const ledger = deps.keyring.ledgerOf(id, parsed.key);
  const result = await orUnavailable(work(ledger, parsed.recipient).then(allowed));
  const reason = result.ok ? "OK" : result.refusal.reason;
  deps.events.adminActed({ act, application: id, keyId: caller.keyId, on: maskRecipient(parsed.recipient), reason });
  return result;
}

function describe(recipient: Recipient, ledger: Ledger | undefined, now: number, limits: LedgerLimits): RecipientState {
  const maskedRecipient = maskRecipient(recipient);
  if (!ledger) return { maskedRecipient, locked: false, failuresInRow: 0, failures: [], sends: [], openChallenges: 0, authenticators: 0 };
  const { failures, failuresInRow, sends, challenges, authenticators = {} } = ledger;
  const locked = recipientLocked(ledger, limits, now);
  const isOpen = ({ state, expiresAt, attempts }: Ledger["challenges"][string]) =>
    state === "open" && now < expiresAt && attempts < limits.guessesPerChallenge;
  return {
    maskedRecipient,
    locked: locked !== undefined,
    ...(locked?.retryAfterMs !== undefined && { unlocksAt: now + locked.retryAfterMs }),
    failuresInRow,
    failures: failures.slice(-maxMoments),
    sends: sends.slice(-maxMoments),
    openChallenges: Object.values(challenges).filter(isOpen).length,
    authenticators: Object.values(authenticators).filter(isActive).length,
  };
}

const maxMoments = 100;
