import type { DatabaseSync } from "node:sqlite";
import { judgeRedemption, type Redemption, type RedemptionOutcome, redemptionSlackMs } from "../otp/redemption.ts";

/** Which proofs were redeemed: read and written inside a transaction that someone else began. */
export type Redemptions = {
  redeem(request: Redemption, now: number): RedemptionOutcome;
  /** Removes some that no clock can matter to any more; says how many. */
  purge(): number;
};

export const redemptionsSchema = `
  CREATE TABLE redemptions (
    id TEXT PRIMARY KEY,
    redeemer TEXT NOT NULL,
    redeemed_at INTEGER NOT NULL,
    purge_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX redemptions_purge_at ON redemptions (purge_at);
`;

const sql = {
  keepFirst: "INSERT INTO redemptions (id, redeemer, redeemed_at, purge_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
  find: 'SELECT redeemer AS "by", redeemed_at AS at FROM redemptions WHERE id = ?',
  purge: `DELETE FROM redemptions WHERE id IN (
    SELECT id FROM redemptions WHERE purge_at <= unixepoch() * 1000 ORDER BY purge_at LIMIT `,
} as const;

export function createRedemptions(connection: DatabaseSync, purgedAtOnce: number): Redemptions {
  const keepFirst = connection.prepare(sql.keepFirst);
  const find = connection.prepare(sql.find);
  const purge = connection.prepare(`${sql.purge}${purgedAtOnce})`);
  return {
    redeem(request, now) {
      keepFirst.run(request.id, request.by, now, request.expiresAt + redemptionSlackMs);
      return judgeRedemption(request, find.get(request.id) as { by: string; at: number });
    },
    purge: () => Number(purge.run().changes),
  };
}
