/**
 * The rules about which authenticators a subject has, free of any store, as those of `ledger-rules.ts` are. `now` is the store's clock,
 * in milliseconds since 1970.
 */
import { isActive, type LedgerAuthenticator, spend } from "./authenticator.ts";
import type {
  AddAuthenticators,
  AddOutcome,
  NewAuthenticator,
  ProveAuthenticator,
  ProveOutcome,
  RemoveAuthenticator,
  RemoveOutcome,
} from "./authenticator-requests.ts";
import type { Ledger } from "./ledger.ts";
import { attemptsRemaining, forget, recipientLocked } from "./ledger-limits.ts";

export function addAuthenticators(ledger: Ledger, { add, max, limits }: AddAuthenticators, now: number): AddOutcome {
  forget(ledger, limits, now);
  const known = ledger.authenticators ?? {};
  const fresh = add.filter(({ id }) => !Object.hasOwn(known, id));
  const replaces = fresh.some(({ kind }) => kind === "recovery_code");
  const kept = Object.entries(known).filter(([, { kind }]) => kind !== "recovery_code" || !replaces);
  const counted = kept.filter(([, { kind }]) => kind !== "recovery_code");
  const active = counted.filter(([, each]) => isActive(each)).length;
  const wanted = fresh.filter(({ kind }) => kind !== "recovery_code").length;
  if (wanted > 0 && active + wanted > max) return { status: "too_many" };
  // Whoever began an enrolment and left must not keep its owner from another.
  const waiting = byAge(counted.filter(([, each]) => !isActive(each)));
  const dropped = waiting.slice(0, Math.max(0, counted.length + wanted - max)).map(([id]) => id);
  const left = wanted > 0 ? kept.filter(([id]) => !dropped.includes(id)) : kept;
  const authenticators = Object.fromEntries([...left, ...fresh.map((each) => [each.id, newAuthenticator(each, now)] as const)]);
  ledger.authenticators = authenticators;
  return { status: "added", authenticators: Object.fromEntries(add.map(({ id }) => [id, authenticators[id] as LedgerAuthenticator])) };
}

export function proveAuthenticator(ledger: Ledger, request: ProveAuthenticator, now: number): ProveOutcome {
  const { act, claim, limits } = request;
  forget(ledger, limits, now);
  const authenticator = find(ledger, request);
  if (!authenticator) return { status: "not_found" };
  // 1. No guess beyond the budget of the authenticator or of the subject.
  if (act === "confirm" && authenticator.attempts >= limits.guessesPerChallenge) return { status: "exhausted", scope: "authenticator" };
  const locked = recipientLocked(ledger, limits, now);
  if (locked) return { ...locked, scope: "recipient" };
  // 2. Its secret is opened only for a guess that there is budget for.
  if (claim === undefined) return { status: "unprepared", authenticator, now };
  // 3. Charge, compare, consume. Whoever enrols is told the secret, so that being right forgives nothing.
  if (claim && spend(authenticator, { ...claim, authenticator: request.authenticator }, now)) {
    delete authenticator.confirmBy;
    return { status: "proved", authenticator };
  }
  if (act === "confirm") authenticator.attempts += 1;
  ledger.failures.push(now);
  ledger.failuresInRow += 1;
  const { attempts } = act === "confirm" ? authenticator : { attempts: 0 };
  return { status: "mismatch", attemptsRemaining: attemptsRemaining(ledger, { attempts }, limits, now) };
}

export function removeAuthenticator(ledger: Ledger, { authenticator, limits }: RemoveAuthenticator, now: number): RemoveOutcome {
  forget(ledger, limits, now);
  const { authenticators = {} } = ledger;
  if (!Object.hasOwn(authenticators, authenticator)) return { status: "not_found" };
  delete authenticators[authenticator];
  return { status: "removed" };
}

/** One that the act is for: only what waits is confirmed, and only a counter that is in use gets lost. */
function find({ authenticators = {} }: Ledger, { authenticator, act, kind }: ProveAuthenticator): LedgerAuthenticator | undefined {
  const found = Object.hasOwn(authenticators, authenticator) ? authenticators[authenticator] : undefined;
  return found && found.kind === kind && isActive(found) === (act === "resync") ? found : undefined;
}

const newAuthenticator = ({ id: _, confirmMs, unused, ...each }: NewAuthenticator, now: number): LedgerAuthenticator => ({
  ...each,
  createdAt: now,
  attempts: 0,
  drift: 0,
  ...(confirmMs !== undefined && { confirmBy: now + confirmMs }),
  ...(unused && { unused: [...unused] }),
});

const byAge = <Entry extends readonly [string, LedgerAuthenticator]>(entries: readonly Entry[]): Entry[] =>
  entries.toSorted(([, a], [, b]) => a.createdAt - b.createdAt);
