import { trace } from "@opentelemetry/api";
import { currentTrace } from "./trace-context.ts";
import { contextIn, SpanKind, type Spans } from "./trace-spans.ts";
import type { Tracing } from "./tracing.ts";

/** A receipt is a request of its vendor's, and so a trace of its own. */
export const traceReceipts =
  (spans: Spans): Tracing["receipts"] =>
  (take) =>
  (provider, call) =>
    spans.around(
      {
        name: `receipt ${provider}`,
        kind: SpanKind.SERVER,
        attributes: { "countersign.provider": provider, "http.request.method": call.method, "http.route": "/receipts" },
        parent: contextIn(call.header),
      },
      () => take(provider, call),
      (outcome) => ({ attributes: { "countersign.outcome": outcome } }),
    );

/** Once it is known whose message it is about, the trace of that message's send is linked. */
export const traceEvents: Tracing["events"] = (events) => ({
  ...events,
  receiptTaken(receipt) {
    const span = currentTrace()?.span;
    if (span?.isRecording()) {
      const { application, challengeId, state, failure, vendorCode, trace: sent } = receipt;
      span.setAttributes({
        "countersign.application": application,
        "countersign.challenge_id": challengeId,
        "countersign.delivery_state": state,
        ...(failure !== undefined && { "countersign.failure": failure }),
        ...(vendorCode !== undefined && { "countersign.vendor_code": vendorCode }),
      });
      const context =
        sent === undefined ? undefined : trace.getSpanContext(contextIn((name) => (name === "traceparent" ? sent : undefined)));
      if (context) span.addLink({ context });
    }
    events.receiptTaken(receipt);
  },
});
