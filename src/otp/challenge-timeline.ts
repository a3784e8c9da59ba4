import type { LedgerChallenge } from "./ledger.ts";
import type { DeliveryTrace } from "./trace-challenge.ts";

/** What happened, or will, and when; in our own words. */
export type Moment = { readonly at: number; readonly what: string };

type Life = {
  readonly challenge: LedgerChallenge;
  readonly deliveries: readonly DeliveryTrace[];
  /** When wrong codes came for the recipient. */
  readonly failures: readonly number[];
  readonly now: number;
};

/** Oldest first; what is still to come is at the end, and says so. */
export function timelineOf({ challenge, deliveries, failures, now }: Life): Moment[] {
  const { createdAt, expiresAt, verifiedAt, canceledAt, verifiedBy, state, fallback } = challenge;
  const over = verifiedAt ?? canceledAt ?? expiresAt;
  const moments: Moment[] = [
    { at: createdAt, what: "challenge opened" },
    ...deliveries.flatMap((delivery, index) => momentsOf(delivery, index + 1)),
    ...failures
      .filter((at) => at >= createdAt && at <= over)
      .map((at) => ({ at, what: "wrong code for this recipient (of any challenge)" })),
  ];
  if (verifiedAt !== undefined) moments.push({ at: verifiedAt, what: `verified${verifiedBy ? ` by ${verifiedBy}` : ""}` });
  if (canceledAt !== undefined) moments.push({ at: canceledAt, what: "canceled" });
  if (state === "open") moments.push({ at: expiresAt, what: now < expiresAt ? "expires" : "expired" });
  if (state === "open" && fallback?.at !== undefined && fallback.at < expiresAt)
    moments.push({ at: fallback.at, what: `goes on by ${fallback.channels[0]}, unless the message has arrived by then` });
  return moments.toSorted((a, b) => a.at - b.at);
}

function momentsOf({ channel, createdAt, updatedAt, times, tried, provider, state, ...more }: DeliveryTrace, number: number): Moment[] {
  const which = `message ${number} (${channel})`;
  const { failure, vendorCode, suppressed } = more;
  if (suppressed !== undefined) return [{ at: createdAt, what: `${which}: not sent, and the caller is not told: ${suppressed}` }];
  const why = failure === undefined ? "" : `: ${failure}${vendorCode === undefined ? "" : `, vendor code ${vendorCode}`}`;
  const before = tried.map((each) => ({
    at: createdAt,
    what: `${which}: ${each.provider || "nobody"} did not take it: ${each.failure}${each.vendorCode === undefined ? "" : `, vendor code ${each.vendorCode}`} (after ${each.durationMs} ms)`,
  }));
  const known = Object.entries(times).map(([each, at]) => ({
    at,
    what: `${which}: ${each} (${provider ?? "nobody"})${each === state ? why : ""}`,
  }));
  // Of a message from before times were kept.
  const last =
    known.length === 0 && state !== "sending" ? [{ at: updatedAt, what: `${which}: ${state} (${provider ?? "nobody"})${why}` }] : [];
  return [{ at: createdAt, what: `${which}: asked for` }, ...before, ...known, ...last];
}
