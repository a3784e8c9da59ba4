import { currentTrace } from "./trace-context.ts";
import { SpanKind, type Spans } from "./trace-spans.ts";
import type { Tracing } from "./tracing.ts";

type Verb = (...args: never[]) => Promise<unknown>;

/** One span for each operation of a call; what the service looks after by itself, such as fallbacks that are due, has none. */
export const traceStore =
  (spans: Spans): Tracing["store"] =>
  (store, system) => {
    const tracing = (name: string, verb: Verb): Verb => {
      const beginning = {
        name: `store ${name}`,
        kind: SpanKind.CLIENT,
        attributes: { "db.system.name": system, "db.operation.name": name },
      };
      // An answer's span that has ended is not recording: what goes on afterwards is no part of the call.
      return (...args) => (currentTrace()?.span.isRecording() ? spans.around(beginning, () => verb(...args), tellNothing) : verb(...args));
    };
    const verbs = Object.entries<Verb>({ ...store }).map(([name, verb]) => [name, name === "close" ? verb : tracing(name, verb)]);
    return Object.fromEntries(verbs) as typeof store;
  };

/** Requests and answers hold hashes, and sealed recipients. */
const tellNothing = () => ({});
