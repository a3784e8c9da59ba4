import type { Metadata, ServerInterceptingCall, ServerInterceptor } from "@grpc/grpc-js";
import { writeStatus } from "./error-info.ts";
import { type GuardOptions, headerOf, judge, type Refused, remember } from "./guard.ts";
import { ProofKeysUnavailable } from "./verify-proof.ts";

export { proofOf } from "./guard.ts";

/** What the interceptor makes, out of your own `@grpc/grpc-js`: pass the module itself. */
export type GrpcModule = {
  readonly Metadata: new () => Metadata;
  readonly ServerInterceptingCall: new (...args: ConstructorParameters<typeof ServerInterceptingCall>) => ServerInterceptingCall;
};

export type GrpcGuardOptions = GuardOptions<GrpcRequest> & { readonly grpc: GrpcModule };

/** `path` is that of the method, such as `/shop.v1.Orders/Pay`. */
export type GrpcRequest = { readonly path: string; readonly metadata: Metadata };

const unauthenticated = 16;
const unavailable = 14;
const internal = 13;

/** For `new Server({ interceptors: […] })`. Handlers find what was proved by `proofOf(call.metadata)`. */
export function createGrpcJsInterceptor(options: GrpcGuardOptions): ServerInterceptor {
  const { grpc } = options;
  const header = headerOf(options);
  const statusOf = (refused: Refused) => {
    const metadata = new grpc.Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from(writeStatus(unauthenticated, refused)));
    return { code: unauthenticated, details: refused.message, metadata };
  };
  return ({ path }, call) =>
    new grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          // Until `pass` is called, grpc-js holds the message back.
          onReceiveMetadata: (metadata, pass) => {
            judge(options, { path, metadata }, onlyValue(metadata.get(header))).then(
              ({ claims, refused }) => {
                remember(metadata, claims);
                if (refused) call.sendStatus(statusOf(refused));
                else pass(metadata);
              },
              (cause) => call.sendStatus(failure(cause)),
            );
          },
        }),
    });
}

const failure = (cause: unknown) =>
  cause instanceof ProofKeysUnavailable ? { code: unavailable, details: cause.message } : { code: internal, details: "internal error" };

/** Several are none: they cannot all be meant. */
const onlyValue = (values: readonly (string | Buffer)[]): string | undefined => (values.length === 1 ? String(values[0]) : undefined);
