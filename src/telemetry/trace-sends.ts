/** What a send asks of others: leave to be paid for, and a provider to carry it. */
import { formatChallengeId } from "../otp/challenge-id.ts";
import type { SendResult } from "../otp/ports.ts";
import { currentTrace } from "./trace-context.ts";
import { type Ending, headersOf, SpanKind, type Spans } from "./trace-spans.ts";
import type { Tracing } from "./tracing.ts";

export const traceGuard =
  (spans: Spans): Tracing["guard"] =>
  (guard) => ({
    admit: (ask, signal) =>
      spans.around(
        {
          name: "guard admit",
          kind: SpanKind.INTERNAL,
          attributes: { "countersign.channel": ask.channel, "countersign.occasion": ask.occasion },
        },
        () => guard.admit(ask, signal),
        (admission) => ({
          attributes: {
            "countersign.admission": admission.outcome,
            ...(admission.outcome === "suppressed" && { "countersign.why": admission.why }),
            ...(admission.outcome === "refused" && { "countersign.reason": admission.refusal.reason }),
          },
        }),
      ),
  });

/**
 * One span for each try of a provider, from the handing over to the answer. The message takes its trace along; of it, only the kinds
 * whose gateways are the operator's own make headers. A vendor would learn from it which messages belong together, and could not add to it.
 */
export const traceProvider =
  (spans: Spans): Tracing["provider"] =>
  (provider) => ({
    ...provider,
    send: (message, signal, onWritten) =>
      spans.around(
        {
          name: `send ${message.channel}`,
          kind: SpanKind.CLIENT,
          attributes: {
            "countersign.provider": provider.name,
            "countersign.channel": message.channel,
            "countersign.application": message.application,
            "countersign.challenge_id": message.challengeId,
            "countersign.delivery_id": message.deliveryId,
            ...(message.country !== undefined && { "countersign.country": message.country }),
          },
        },
        () => {
          const traced = currentTrace();
          return provider.send(traced ? { ...message, trace: headersOf(traced) } : message, signal, onWritten);
        },
        endingOf,
      ),
  });

const endingOf = (result: SendResult): Ending =>
  result.outcome === "accepted"
    ? { attributes: { "countersign.outcome": result.outcome } }
    : {
        attributes: {
          "countersign.outcome": result.outcome,
          "countersign.failure": result.failure,
          ...(result.vendorCode !== undefined && { "countersign.vendor_code": result.vendorCode }),
        },
        error: result.failure,
      };

/** A fallback is nobody's call, so it is a trace of its own. */
export const traceMove =
  (spans: Spans): Tracing["move"] =>
  (ref, work) =>
    spans.around(
      {
        name: "fallback",
        kind: SpanKind.INTERNAL,
        attributes: { "countersign.application": ref.application, "countersign.challenge_id": formatChallengeId(ref) },
      },
      work,
      () => ({}),
    );
