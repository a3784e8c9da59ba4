/** One try to spend a proof. */
export type Redemption = {
  readonly id: string;
  /** Who tries; a retry under the same name is the same redemption. */
  readonly by: string;
  readonly expiresAt: number;
};

export type RedemptionOutcome = { readonly status: "redeemed"; readonly at: number } | { readonly status: "taken" | "expired" };

/** Records stay this much longer than their proofs, so that a clock set back, or a server behind the others, lets none in twice. */
export const redemptionSlackMs = 3_600_000;

/** The store keeps the first try of each id, whatever follows; that record alone decides. */
export function judgeRedemption({ by, expiresAt }: Redemption, first: { readonly by: string; readonly at: number }): RedemptionOutcome {
  if (first.at >= expiresAt) return { status: "expired" };
  return first.by === by ? { status: "redeemed", at: first.at } : { status: "taken" };
}
