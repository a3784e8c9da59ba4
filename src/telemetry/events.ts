import type { DeliveryFailure, Events, Outcome, SendResult } from "../otp/ports.ts";
import type { Reason } from "../otp/refusal.ts";
import type { Logger } from "./log.ts";

type Level = "info" | "warn" | "error";

/** Our own faults, and what only an operator can mend. Every other refusal is an everyday answer. */
const faults: ReadonlySet<"OK" | Reason> = new Set(["INTERNAL", "STORE_UNAVAILABLE", "DELIVERY_FAILED"] as const);
const operatorsConcern: ReadonlySet<DeliveryFailure> = new Set([
  "sender_refused",
  "content_refused",
  "credentials_refused",
  "funds_exhausted",
] as const);

/** One log line per business event: who, masked; what; never a code. */
export function createEvents(logger: Logger): Events {
  const outcome = (event: string) => (what: Outcome) =>
    quietly(() => logger[faults.has(what.reason) ? "error" : "info"](pickOutcome(event, what)));
  return {
    codeSent: outcome("code_sent"),
    codeResent: outcome("code_resent"),
    codeFellBack: outcome("code_fell_back"),
    sendSuppressed: ({ application, channel, why }) => quietly(() => logger.info({ event: "send_suppressed", application, channel, why })),
    codeVerified: outcome("code_verified"),
    challengeCanceled: outcome("challenge_canceled"),
    proofRedeemed: outcome("proof_redeemed"),
    adminActed: ({ act, application, keyId, on, reason }) =>
      quietly(() => logger.warn({ event: "admin_acted", act, application, keyId, on, reason })),
    messageHandled({ application, challengeId, channel, provider, result, durationMs }) {
      quietly(() =>
        logger[levelOf(result)]({
          event: "message_handled",
          application,
          challengeId,
          channel,
          provider,
          ...pickResult(result),
          durationMs: Math.round(durationMs),
        }),
      );
    },
    checkUnavailable({ check, application, name, outcome }) {
      quietly(() => logger.error({ event: "check_unavailable", check, application, name, outcome }));
    },
    circuitChanged({ provider, country, state }) {
      quietly(() =>
        logger[state === "open" ? "warn" : "info"]({ event: `circuit_${state === "open" ? "opened" : "closed"}`, provider, country }),
      );
    },
    receiptTaken({ application, challengeId, provider, state, failure, vendorCode }) {
      const level = state === "failed" && failure !== undefined && operatorsConcern.has(failure) ? "error" : "info";
      quietly(() => logger[level]({ event: "receipt_taken", application, challengeId, provider, state, failure, vendorCode }));
    },
    receiptRefused({ provider, outcome, why }) {
      quietly(() => logger.warn({ event: "receipt_refused", provider, outcome, why }));
    },
    deliveryNotRecorded({ challengeId, cause }) {
      quietly(() => logger.error({ event: "delivery_not_recorded", challengeId, err: cause }));
    },
  };
}

/** The cause behind an "internal error", under the id that its caller was told. */
export const createFaultLog =
  (logger: Logger) =>
  ({ errorId, rpc, cause }: { readonly errorId: string; readonly rpc: string; readonly cause: unknown }): void =>
    quietly(() => logger.error({ event: "fault", errorId, rpc, err: cause }));

/** Field by field, so that nothing that a caller's object holds besides can slip into a line. */
const pickOutcome = (event: string, { application, reason, challengeId, channel, recipient, purpose, sandbox }: Outcome) => ({
  event,
  application,
  reason,
  challengeId,
  channel,
  recipient,
  purpose,
  sandbox,
});

const pickResult = (result: SendResult) =>
  result.outcome === "accepted"
    ? { outcome: result.outcome, reference: result.reference }
    : { outcome: result.outcome, failure: result.failure, vendorCode: result.vendorCode };

function levelOf(result: SendResult): Level {
  if (result.outcome === "accepted") return "info";
  if (operatorsConcern.has(result.failure)) return "error";
  return result.outcome === "permanent" ? "info" : "warn";
}

/** What is seen must never change what happens. */
function quietly(record: () => void): void {
  try {
    record();
  } catch {
    // There is nowhere left to tell.
  }
}
