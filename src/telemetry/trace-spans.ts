/** Spans, each begun in the context of what is under way. */
import { type Attributes, type Context, type Link, ROOT_CONTEXT, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { currentTrace, type Traced, within } from "./trace-context.ts";

export type Beginning = {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  readonly links?: Link[];
  /** Of a caller's; without it, what is under way. */
  readonly parent?: Context;
};

/** What a span says at its end. `error`: of which kind, where it is one. */
export type Ending = { readonly attributes?: Attributes; readonly error?: string | undefined };

export type Spans = {
  begin(beginning: Beginning): Traced;
  /** Runs work in a span of its own, which ends with it. */
  around<T>(beginning: Beginning, work: () => Promise<T>, describe: (value: T) => Ending): Promise<T>;
};

export { SpanKind };

export const createSpans = (tracer: Tracer): Spans => {
  const begin = ({ name, kind, attributes, links, parent }: Beginning): Traced => {
    const context = parent ?? currentTrace()?.context ?? ROOT_CONTEXT;
    const span = tracer.startSpan(name, { kind, attributes, ...(links && { links }) }, context);
    return { traceId: span.spanContext().traceId, span, context: trace.setSpan(context, span) };
  };
  return {
    begin,
    async around(beginning, work, describe) {
      const traced = begin(beginning);
      try {
        const value = await within(traced, work);
        end(traced, describe(value));
        return value;
      } catch (error) {
        end(traced, { error: nameOf(error) });
        throw error;
      }
    },
  };
};

export function end({ span }: Traced, { attributes = {}, error }: Ending): void {
  span.setAttributes(attributes);
  if (error !== undefined) span.setAttribute("error.type", error).setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

/** Never its message, which can quote what a caller or a vendor wrote. */
export const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "unknown");

const propagator = new W3CTraceContextPropagator();

type Headers = (name: string) => string | undefined;

/** Whatever a caller's headers say of a trace; nothing of it where they are broken. */
export const contextIn = (header: Headers): Context =>
  propagator.extract(ROOT_CONTEXT, header, { get: (from, name) => from(name), keys: () => ["traceparent", "tracestate"] });

/** The headers that carry a trace on. */
export function headersOf({ context }: Pick<Traced, "context">): Record<string, string> {
  const headers: Record<string, string> = {};
  propagator.inject(context, headers, { set: (to, name, value) => Object.assign(to, { [name]: value }) });
  return headers;
}
