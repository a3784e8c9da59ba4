import { judgeRedemption } from "../../src/otp/redemption.ts";
import type { RedemptionStore } from "../../src/otp/store-ports.ts";

/** Right by being synchronous; its clock is the test's. */
export function createMemoryRedemptions(clock: { now: number }): RedemptionStore {
  const firsts = new Map<string, { by: string; at: number }>();
  return {
    async redeem(request) {
      const first = firsts.get(request.id) ?? { by: request.by, at: clock.now };
      firsts.set(request.id, first);
      return judgeRedemption(request, first);
    },
  };
}
