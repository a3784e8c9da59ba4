import type { Span } from "@opentelemetry/api";
import { challengeNamed } from "../otp/challenge-id.ts";
import type { Result } from "../otp/refusal.ts";
import type { Call } from "../otp/types.ts";
import { currentTrace } from "./trace-context.ts";
import type { TracedVerbs, Tracing } from "./tracing.ts";

type Verb = (request: unknown, call: Call) => Promise<Result<unknown>> | AsyncIterable<unknown>;

/** Use cases know what the wires do not: whose the call is, and of which challenge. */
export const traceVerbs: Tracing["verbs"] = <V extends TracedVerbs>(verbs: V): V =>
  Object.fromEntries(Object.entries(verbs).map(([name, verb]) => [name, traceVerb(verb as Verb)])) as unknown as V;

const traceVerb =
  (verb: Verb): Verb =>
  (request, call) => {
    const span = currentTrace()?.span;
    if (!span?.isRecording()) return verb(request, call);
    span.setAttributes({ "countersign.application": call.caller.application.id, "countersign.caller": call.caller.kind });
    tellChallenge(span, request);
    const answer = verb(request, call);
    return answer instanceof Promise ? answer.then((result) => tellResult(span, result)) : answer;
  };

function tellResult(span: Span, result: Result<unknown>): Result<unknown> {
  if (result.ok) tellChallenge(span, result.value);
  return result;
}

/** Only what is a challenge id: a caller that mixed up its fields has put a code there. */
function tellChallenge(span: Span, of: unknown): void {
  if (typeof of !== "object" || of === null) return;
  if ("challengeId" in of && typeof of.challengeId === "string") {
    const { challengeId } = challengeNamed(of.challengeId);
    if (challengeId !== undefined) span.setAttribute("countersign.challenge_id", challengeId);
  }
  if ("channel" in of && typeof of.channel === "string") span.setAttribute("countersign.channel", of.channel);
}
