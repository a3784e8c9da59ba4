/** Enough to look a name up, connect and agree on keys with a server far away; a smaller share would be none. */
const minShareMs = 1_000;

/** With less, a second try would mostly end as a message of which nobody knows whether it arrived. */
export const minTryMs = 200;

/** What is kept back for recording and answering: who is told too late that the outcome is unknown pays for a second message. */
export const reserveMs = (remainingMs: number): number => Math.min(500, Math.max(0, remainingMs) / 10);

/** How long a provider may take to get a message on its way while `others` wait behind it. */
export function shareMs(leftMs: number, others: number): number {
  const left = Math.max(0, leftMs);
  return Math.min(left, Math.max(left / (others + 1), minShareMs));
}
