import type { Collection, Db } from "mongodb";
import { judgeRedemption, type Redemption, redemptionSlackMs } from "../otp/redemption.ts";
import type { RedemptionStore } from "../otp/store-ports.ts";
import { isDuplicateKey } from "./mongo-failure.ts";

type RedemptionDocument = { readonly _id: string; readonly version: 1; readonly by: string; readonly at: Date; readonly purgeAt: Date };

/** Which proofs were redeemed: one document each, which the first to come fills and nobody changes. `run` bounds and guards a call. */
export function createRedemptions(db: Db, run: <T>(key: string, operation: () => Promise<T>) => Promise<T>): RedemptionStore {
  const redemptions = db.collection<RedemptionDocument>("redemptions");
  return {
    async redeem(request) {
      const { by, at } = await run(request.id, () => keepFirst(redemptions, request));
      return judgeRedemption(request, { by, at: Number(at) });
    },
  };
}

/** More than the key, because DocumentDB knows no `$$NOW` in a race of upserts by `_id` alone. */
const ofProof = (id: string) => ({ _id: id, version: 1 }) as const;

/** Two that upsert at once can meet in the index; the loser wrote nothing, and finds the winner's record then. */
async function keepFirst(redemptions: Collection<RedemptionDocument>, { id, by, expiresAt }: Redemption): Promise<RedemptionDocument> {
  const purgeAt = new Date(expiresAt + redemptionSlackMs);
  const first = { by: unlessSet("by", by), at: { $ifNull: ["$at", "$$NOW"] }, purgeAt: unlessSet("purgeAt", purgeAt) };
  for (let tries = 1; ; tries++) {
    try {
      const kept = await redemptions.findOneAndUpdate(ofProof(id), [{ $set: first }], { upsert: true, returnDocument: "after" });
      if (!kept) throw new Error("an upsert answered without a record");
      return kept;
    } catch (error) {
      if (!isDuplicateKey(error) || tries === 5) throw error;
    }
  }
}

const unlessSet = (field: string, value: string | Date) => ({ $ifNull: [`$${field}`, { $literal: value }] });
