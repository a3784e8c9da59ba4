/** The limits of the ledger: what is left, how long to wait, and what may be forgotten. */
import { isActive } from "./authenticator.ts";
import { forgetFailuresMs, type Ledger, type LedgerChallenge, type Limited, maxChallenges, rememberMs } from "./ledger.ts";
import type { LedgerLimits, Window } from "./types.ts";

/** Guesses left: the least of what the challenge, the windows and the row have left. */
export function attemptsRemaining(
  of: { readonly failures: readonly number[]; readonly failuresInRow: number },
  challenge: Pick<LedgerChallenge, "attempts">,
  limits: LedgerLimits,
  now: number,
): number {
  const left = limits.failureWindows.map(({ windowMs, max }) => max - of.failures.filter((at) => at > now - windowMs).length);
  return Math.max(0, Math.min(limits.guessesPerChallenge - challenge.attempts, limits.failuresInRow - of.failuresInRow, ...left));
}

/** By these, what is left of a challenge depends on nothing else that became of its recipient. */
export const ofChallengeAlone = (limits: LedgerLimits): LedgerLimits => ({ ...limits, failureWindows: [], failuresInRow: boundless });

/** The same limits without any on the recipient. The windows stay, since what they ask about must not be forgotten. */
export const withoutRecipient = (limits: LedgerLimits): LedgerLimits => {
  const open = (windows: readonly Window[]) => windows.map(({ windowMs }) => ({ windowMs, max: boundless }));
  return { ...limits, failureWindows: open(limits.failureWindows), failuresInRow: boundless, sendWindows: open(limits.sendWindows) };
};

/** More than any record can hold, and an integer of 32 bits. */
const boundless = 1_000_000_000;

/** The last moment that a date can hold. */
export const never = 8_640_000_000_000_000;

/** When the store may drop the whole ledger: when nothing in it can matter any more. */
export function purgeAt(ledger: Ledger, limits: LedgerLimits, now: number): number {
  const authenticators = Object.values(ledger.authenticators ?? {});
  if (authenticators.some(isActive)) return never;
  const lastWindow = Math.max(...limits.sendWindows.map((w) => w.windowMs), ...limits.failureWindows.map((w) => w.windowMs));
  const lastChallenge = Math.max(now, ...Object.values(ledger.challenges).map((challenge) => challenge.expiresAt));
  const toConfirm = authenticators.map(({ confirmBy = 0 }) => confirmBy);
  return Math.max(now + lastWindow, lastChallenge + rememberMs, ...toConfirm, ledger.failuresInRow > 0 ? now + forgetFailuresMs : 0);
}

export function recipientLocked(ledger: Ledger, limits: LedgerLimits, now: number): Extract<Limited, { status: "exhausted" }> | undefined {
  if (ledger.failuresInRow >= limits.failuresInRow) return { status: "exhausted", scope: "recipient" };
  const wait = windowsWait(ledger.failures, limits.failureWindows, now);
  return wait > 0 ? { status: "exhausted", scope: "recipient", retryAfterMs: wait } : undefined;
}

/** How long until every window has room for one more; 0 when it has now. */
export function windowsWait(moments: readonly number[], windows: readonly Window[], now: number): number {
  const waits = windows.map(({ windowMs, max }) => {
    const inside = moments.filter((at) => at > now - windowMs);
    const leaves = inside[inside.length - max];
    return leaves === undefined ? 0 : leaves + windowMs - now;
  });
  return Math.max(0, ...waits);
}

/** Drops what no rule asks about any more. */
export function forget(ledger: Ledger, limits: LedgerLimits, now: number): void {
  ledger.sends = since(ledger.sends, limits.sendWindows, now);
  ledger.failures = since(ledger.failures, limits.failureWindows, now);
  for (const nonce of Object.keys(ledger.challenges)) if (!remembered(ledger, nonce, now)) delete ledger.challenges[nonce];
  for (const [id, { confirmBy }] of Object.entries(ledger.authenticators ?? {}))
    if (confirmBy !== undefined && confirmBy <= now) delete ledger.authenticators?.[id];
}

/** A challenge that is long over is no more, whether or not something has dropped it yet. */
export function remembered(ledger: Ledger, nonce: string, now: number): LedgerChallenge | undefined {
  const challenge = ledger.challenges[nonce];
  return challenge && challenge.expiresAt + rememberMs > now ? challenge : undefined;
}

function since(moments: readonly number[], windows: readonly Window[], now: number): number[] {
  const longest = Math.max(0, ...windows.map((w) => w.windowMs));
  return moments.filter((at) => at > now - longest);
}

/** How long until a full record forgets a challenge; 0 when there is room. */
export function roomWait(ledger: Ledger, now: number): number {
  const ends = Object.values(ledger.challenges).map((challenge) => challenge.expiresAt + rememberMs);
  return ends.length < maxChallenges ? 0 : Math.min(...ends) - now;
}
