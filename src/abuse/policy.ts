import type { SendGuard } from "../otp/guard-ports.ts";
import type { DescribedNumber } from "../otp/number-policy.ts";
import { refuseRecipient } from "./policy-refusal.ts";
import { judgeNumber } from "./policy-rules.ts";

/** Where to: countries, types of numbers, and lists, as each application has them. Asks nobody and takes nothing. */
export function createPolicyCheck(describeNumber: (e164: string) => DescribedNumber): SendGuard {
  return {
    async admit(ask) {
      const { caller, channel, recipient } = ask;
      if (recipient.kind !== "phone") return { outcome: "admitted" };
      const cause = judgeNumber(caller.application.policy, channel, describeNumber(recipient.value));
      return cause === undefined ? { outcome: "admitted" } : refuseRecipient(ask, cause);
    },
  };
}
