import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { errorInfoType, writeErrorInfo } from "./error-info.ts";
import { type GuardOptions, headerOf, judge, type Refused } from "./guard.ts";
import { type ProofClaims, ProofKeysUnavailable } from "./verify-proof.ts";

/** For `context.values.get(proofKey)` in a handler. Has the form of a `ContextKey`. */
export const proofKey: { id: symbol; defaultValue: ProofClaims | undefined } = { id: Symbol("countersign-proof"), defaultValue: undefined };

const unauthenticated = 16;
const unavailable = 14;

/** Lets a call through to its handler only with a proof of what it demands. `demand` may tell methods apart by `request.method`. */
export function createConnectInterceptor(options: GuardOptions<UnaryRequest | StreamRequest>): Interceptor {
  const header = headerOf(options);
  return (next) => async (request) => {
    const token = request.header.get(header) ?? undefined;
    const { claims, refused } = await judge(options, request, token).catch((cause) => {
      throw cause instanceof ProofKeysUnavailable ? connectError(unavailable, cause.message, cause) : cause;
    });
    if (refused) throw refusal(refused);
    request.contextValues.set(proofKey, claims);
    return next(request);
  };
}

const refusal = (refused: Refused): Error =>
  Object.assign(connectError(unauthenticated, refused.message), { details: [{ type: errorInfoType, value: writeErrorInfo(refused) }] });

/** Connect knows its errors by their form (`ConnectError[Symbol.hasInstance]`), so that its package is not needed here. */
const connectError = (code: number, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), {
    name: "ConnectError",
    code,
    rawMessage: message,
    metadata: new Headers(),
    details: [],
    cause,
  });
