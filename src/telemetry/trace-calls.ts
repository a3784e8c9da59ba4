import { Code, ConnectError } from "@connectrpc/connect";
import { StoreUnavailable } from "../otp/refusal.ts";
import { type Traced, within } from "./trace-context.ts";
import { contextIn, type Ending, end, SpanKind, type Spans } from "./trace-spans.ts";
import type { TracedService, Tracing } from "./tracing.ts";

type Incoming = { header(name: string): string | undefined };
type Handler = (incoming: Incoming) => Promise<unknown> | AsyncIterable<unknown>;

/** One span for each RPC, on whichever wire it comes. */
export function traceCalls(spans: Spans): Pick<Tracing, "service" | "faults"> {
  const thrownIn = new WeakMap<object, Traced>();
  return {
    service: (traced) => {
      const { service, handlers } = traced;
      const tracedHandlers = service.methods.flatMap(({ name, localName }) => {
        const handler = handlers[localName] as Handler | undefined;
        return handler ? [[localName, traceHandler({ spans, thrownIn }, { service, name }, handler)] as const] : [];
      });
      return { ...traced, handlers: Object.fromEntries(tracedHandlers) };
    },
    // The wire logs it, when the call has left its context.
    faults: (log) => (fault) => {
      const traced = typeof fault.cause === "object" && fault.cause !== null ? thrownIn.get(fault.cause) : undefined;
      if (traced) within(traced, () => log(fault));
      else log(fault);
    },
  };
}

type Keeping = { readonly spans: Spans; readonly thrownIn: WeakMap<object, Traced> };
type Named = { readonly service: TracedService["service"]; readonly name: string };

function traceHandler({ spans, thrownIn }: Keeping, { service, name }: Named, handler: Handler): Handler {
  const rpc = { "rpc.service": service.typeName, "rpc.method": name };
  const begin = (incoming: Incoming): Traced =>
    spans.begin({
      name: `${service.typeName}/${name}`,
      kind: SpanKind.SERVER,
      attributes: { "rpc.system": systemOf(incoming.header("content-type")), ...rpc },
      parent: contextIn((header) => incoming.header(header)),
    });
  const fail = (traced: Traced, thrown: unknown): Ending => {
    if (typeof thrown === "object" && thrown !== null) thrownIn.set(thrown, traced);
    return endingOf(thrown);
  };
  return (incoming) => {
    const traced = begin(incoming);
    const answer = within(traced, () => handler(incoming));
    return Symbol.asyncIterator in answer ? stream(traced, answer, fail) : unary(traced, answer, fail);
  };
}

/** gRPC-Web is gRPC by another way; JSON by POST is Connect's. The header is missing where grpc-js has used it up. */
const systemOf = (contentType: string | undefined): string =>
  contentType === undefined || contentType.startsWith("application/grpc") ? "grpc" : "connect_rpc";

type Fail = (traced: Traced, thrown: unknown) => Ending;

async function unary(traced: Traced, answer: Promise<unknown>, fail: Fail): Promise<unknown> {
  try {
    const value = await answer;
    end(traced, ok);
    return value;
  } catch (thrown) {
    end(traced, fail(traced, thrown));
    throw thrown;
  }
}

/** A generator runs in the context of whoever asks for its next value, and that is the wire. */
async function* stream(traced: Traced, answer: AsyncIterable<unknown>, fail: Fail): AsyncGenerator<unknown> {
  const values = answer[Symbol.asyncIterator]();
  let ending: Ending = { attributes: { [statusCode]: "CANCELLED" } };
  try {
    for (;;) {
      const next = await within(traced, () => values.next());
      if (next.done) {
        ending = ok;
        return;
      }
      yield next.value;
    }
  } catch (thrown) {
    ending = fail(traced, thrown);
    throw thrown;
  } finally {
    end(traced, ending);
    // Not waited for: what is left of the call must not hold up its end.
    within(traced, () => values.return?.())?.catch(() => undefined);
  }
}

const statusCode = "rpc.response.status_code";
const reasonName = "countersign.reason";

const ok: Ending = { attributes: { [statusCode]: "OK", [reasonName]: "OK" } };

/** Of the service's own making; every other refusal is an everyday answer (OpenTelemetry's conventions for gRPC servers). */
const faults: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

/** As `rpc/status.ts` answers it. */
function endingOf(thrown: unknown): Ending {
  const { code, reason } = statusOf(thrown);
  const status = code === Code.Canceled ? "CANCELLED" : inCapitals(Code[code]);
  const attributes = { [statusCode]: status, ...(reason !== undefined && { [reasonName]: reason }) };
  return { attributes, ...(faults.has(code) && { error: reason ?? status }) };
}

function statusOf(thrown: unknown): { readonly code: Code; readonly reason?: string } {
  if (thrown instanceof ConnectError) {
    const reason = thrown.details.map(reasonIn).find((each) => each !== undefined);
    return { code: thrown.code, ...(reason !== undefined && { reason }) };
  }
  if (thrown instanceof StoreUnavailable) return { code: Code.Unavailable, reason: "STORE_UNAVAILABLE" };
  if (thrown instanceof Error && thrown.name === "AbortError") return { code: Code.Canceled };
  return { code: Code.Internal, reason: "INTERNAL" };
}

function reasonIn(detail: ConnectError["details"][number]): string | undefined {
  if (!("value" in detail) || typeof detail.value !== "object" || !("reason" in detail.value)) return undefined;
  return String(detail.value.reason);
}

const inCapitals = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
