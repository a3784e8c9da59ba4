/** What a browser may not know: its key is public, so whoever asks could be anybody, and learns nothing of a recipient. */
import type { DeliveryFailure } from "./ports.ts";
import type { Call } from "./types.ts";

type Outcome = { readonly status: string; readonly scope?: "challenge" | "recipient" };

/** A ledger's no that tells of others who asked for the recipient, or guessed. */
export const isHidden = (outcome: Outcome, { caller }: Pick<Call, "caller">): boolean =>
  caller.kind === "browser" && outcome.scope === "recipient" && (outcome.status === "exhausted" || outcome.status === "rate_limited");

const ofRecipient: ReadonlySet<DeliveryFailure> = new Set<DeliveryFailure>(["recipient_refused", "recipient_opted_out"]);

/** A vendor's no that tells of the recipient. */
export const isHiddenFailure = (failure: DeliveryFailure, { caller }: Pick<Call, "caller">): boolean =>
  caller.kind === "browser" && ofRecipient.has(failure);

/** A challenge for a purpose that a browser's key is not for. */
export const isForAnother = ({ purpose }: { readonly purpose: string }, { caller }: Pick<Call, "caller">): boolean =>
  caller.kind === "browser" && caller.application.purposes !== "any" && !caller.application.purposes.includes(purpose);

/** Of one key's own: a page that comes upon another caller's key must not be shown that caller's challenge. */
export const idempotencyKeyOf = (key: string, { caller }: Pick<Call, "caller">): string =>
  caller.kind === "browser" ? `browser ${caller.keyId} ${key}` : key;
