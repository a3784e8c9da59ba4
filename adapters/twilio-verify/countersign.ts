import { type Client, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";

/** Why the service said no; reason `UNREACHABLE` when it said nothing. */
export type Refusal = {
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  readonly retryAfterMs?: number;
};

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };
export type CallOptions = { readonly headers: Readonly<Record<string, string>> };
type Ask<T> = (client: Client<typeof CodeService>, options: CallOptions) => Promise<T>;

/** Calls the service with the key of one application; an empty key for a service in development mode. */
export type Countersign = <T>(key: string, ask: Ask<T>) => Promise<Outcome<T>>;

/** A little more than the service gives itself: its own answer says more than a connection that was cut. */
const timeoutMs = 17_000;

export function createCountersign(baseUrl: string): Countersign {
  const client = createClient(CodeService, createConnectTransport({ baseUrl, httpVersion: "1.1", defaultTimeoutMs: timeoutMs }));
  return async (key, ask) => {
    try {
      return { ok: true, value: await ask(client, { headers: key ? { authorization: `Bearer ${key}` } : {} }) };
    } catch (error) {
      return { ok: false, refusal: refusalOf(ConnectError.from(error)) };
    }
  };
}

function refusalOf(error: ConnectError): Refusal {
  const [info] = error.findDetails(ErrorInfoSchema);
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    reason: info?.domain === "countersign" ? info.reason : "UNREACHABLE",
    message: error.rawMessage,
    metadata: info?.metadata ?? {},
    violations: error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations),
    ...(delay && { retryAfterMs: Number(delay.seconds) * 1_000 + Math.ceil(delay.nanos / 1_000_000) }),
  };
}
