import type { LimitAction, LimitKey } from "../otp/send-limit.ts";
import type { Logger } from "./log.ts";

type LimitReached = {
  readonly application: string;
  readonly key: LimitKey;
  readonly windowMs: number;
  readonly action: LimitAction;
  readonly refused: boolean;
};

/** One line per limit that was reached; never whose. What is reached by all of an application's messages concerns its operator. */
export function createLimitLog(logger: Logger): (event: LimitReached) => void {
  return ({ application, key, windowMs, action, refused }) => {
    const level = wide.has(key) ? "warn" : "info";
    try {
      logger[level]({ event: "limit_reached", application, scope: key, windowSeconds: windowMs / 1000, action, refused });
    } catch {
      // A log that cannot be written must not keep anybody from anything.
    }
  };
}

const wide: ReadonlySet<LimitKey> = new Set(["dial_code", "application", "spend", "dial_code_spend"]);
