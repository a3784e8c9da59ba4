/**
 * Carries any service on grpc-js. This is the hot path, so messages pass grpc-js as bytes: they are parsed here, where a
 * malformed one becomes INVALID_ARGUMENT instead of grpc-js's INTERNAL, and nothing is made that the call does not use.
 */
import { once } from "node:events";
import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type {
  Metadata,
  MethodDefinition,
  Server,
  ServerUnaryCall,
  ServerWritableStream,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import { type ClientCertificate, readCertificate } from "./client-certificate.ts";
import { toBuffer, toGrpcStatus, toHeaders, toMetadata } from "./grpc-status.ts";
import { askedTimeout } from "./grpc-streams.ts";
import { type ObserveCall, observeNothing, reasonGivenUp, reasonOf } from "./observe-call.ts";
import { parseBinary } from "./parse-binary.ts";
import type { Incoming, LogFailure, Service, StreamHandler, UnaryHandler } from "./service.ts";
import { toStatus } from "./status.ts";
import { createBinaryWriter } from "./write-binary.ts";

export type GrpcServiceOptions = {
  readonly log: LogFailure;
  readonly maxMessageBytes: number;
  readonly observeCall?: ObserveCall | undefined;
};

type UnaryCall = ServerUnaryCall<Buffer, Buffer>;
type StreamCall = ServerWritableStream<Buffer, Buffer>;
type Rpc<H> = GrpcServiceOptions & {
  readonly method: DescMethod;
  readonly name: string;
  readonly handler: H;
  readonly write: (message: MessageShape<DescMessage>) => Uint8Array;
};
type Exchange = Incoming & {
  leading(): Metadata | undefined;
  trailing(): Metadata | undefined;
  /** From here on `cancelled` means nothing: grpc-js emits it at the end of every call. */
  settle(): void;
};

export function addGrpcService(server: Server, { service, handlers }: Service, options: GrpcServiceOptions): void {
  for (const method of service.methods) {
    const handler = handlers[method.localName];
    if (!handler) continue;
    const rpc = { ...options, method, name: `${service.typeName}/${method.name}`, handler, write: createBinaryWriter(method.output) };
    const implementation =
      method.methodKind === "server_streaming" ? streamCall(rpc as Rpc<StreamHandler>) : unaryCall(rpc as Rpc<UnaryHandler>);
    server.addService({ [method.localName]: definition(service.typeName, method) }, { [method.localName]: implementation });
  }
}

const identity = (bytes: Buffer): Buffer => bytes;

const definition = (typeName: string, method: DescMethod): MethodDefinition<Buffer, Buffer> => ({
  path: `/${typeName}/${method.name}`,
  requestStream: false,
  responseStream: method.methodKind === "server_streaming",
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});

function unaryCall(rpc: Rpc<UnaryHandler>): UntypedHandleCall {
  const answer = async (call: UnaryCall, respond: sendUnaryData<Buffer>): Promise<void> => {
    const exchange = open(call, rpc);
    const ended = observe(call, rpc);
    try {
      const message = await rpc.handler(exchange);
      exchange.settle();
      ended();
      const bytes = toBuffer(rpc.write(message));
      sendLeading(call, exchange);
      respond(null, bytes, exchange.trailing());
    } catch (thrown) {
      exchange.settle();
      sendLeading(call, exchange);
      const error = toStatus(thrown, rpc.name, rpc.log);
      ended(error);
      respond(refusal(error, exchange));
    }
  };
  return ((call: UnaryCall, respond: sendUnaryData<Buffer>) => void answer(call, respond)) as UntypedHandleCall;
}

function streamCall(rpc: Rpc<StreamHandler>): UntypedHandleCall {
  const answer = async (call: StreamCall): Promise<void> => {
    const exchange = open(call, rpc);
    const ended = observe(call, rpc);
    try {
      for await (const message of rpc.handler(exchange)) {
        if (call.cancelled) return ended();
        sendLeading(call, exchange);
        const bytes = toBuffer(rpc.write(message));
        // A slow reader holds its own stream back, not our memory.
        if (!call.write(bytes)) await once(call, "drain", { signal: exchange.signal() });
      }
      sendLeading(call, exchange);
      ended();
      call.end(exchange.trailing());
    } catch (thrown) {
      if (call.cancelled) return ended();
      sendLeading(call, exchange);
      const error = toStatus(thrown, rpc.name, rpc.log);
      ended(error);
      call.emit("error", refusal(error, exchange));
    }
  };
  return ((call: StreamCall) => void answer(call)) as UntypedHandleCall;
}

/** Tells that the call begins; what it gives is to be called once, when it has ended, with why if there is a why. */
function observe(call: UnaryCall | StreamCall, { name, method, observeCall = observeNothing }: Rpc<unknown>) {
  const begunAt = performance.now();
  const isStream = method.methodKind === "server_streaming";
  const ended = observeCall({ rpc: name, wire: "grpc", isStream });
  return (error?: ConnectError): void => {
    if (call.cancelled) ended(reasonGivenUp(performance.now() - begunAt, { metadata: call.metadata, isStream }));
    else ended(error ? reasonOf(error) : "OK");
  };
}

function refusal(error: ConnectError, exchange: Exchange) {
  const status = toGrpcStatus(error);
  const trailing = exchange.trailing();
  if (trailing) status.metadata.merge(trailing);
  return status;
}

/** Everything about a call that most calls never ask for is made when it is asked for. */
function open(call: UnaryCall | StreamCall, { method, maxMessageBytes }: Rpc<unknown>): Exchange {
  const openedAt = performance.now();
  let interrupt: ReturnType<typeof abortOnCancel> | undefined;
  let responseHeader: Headers | undefined;
  let responseTrailer: Headers | undefined;
  const header = (name: string): string | undefined => {
    const values = call.metadata.get(name);
    return values.length > 1 ? values.join(", ") : values[0]?.toString();
  };
  return {
    header,
    message: () => {
      askedTimeout(call.metadata);
      return parseBinary(method.input, call.request, maxMessageBytes);
    },
    signal: () => {
      interrupt ??= abortOnCancel(call);
      return interrupt.signal;
    },
    remainingMs: () => {
      const asked = askedTimeout(call.metadata);
      return asked === undefined ? undefined : asked - (performance.now() - openedAt);
    },
    // With a port behind it, and an IPv6 address without brackets.
    peer: () => call.getPeer().replace(/:\d+$/, ""),
    certificate: () => findCertificate(call),
    requestHeader: () => toHeaders(call.metadata),
    responseHeader: () => {
      responseHeader ??= new Headers();
      return responseHeader;
    },
    responseTrailer: () => {
      responseTrailer ??= new Headers();
      return responseTrailer;
    },
    leading: () => responseHeader && toMetadata(responseHeader),
    trailing: () => responseTrailer && toMetadata(responseTrailer),
    settle: () => interrupt?.release(),
  };
}

function findCertificate(call: UnaryCall | StreamCall): ClientCertificate | undefined {
  try {
    return readCertificate(call.getAuthContext().sslPeerCertificate);
  } catch {
    // The session has no socket any more (ERR_HTTP2_SOCKET_UNBOUND): the caller went away.
    return undefined;
  }
}

function sendLeading(call: UnaryCall | StreamCall, exchange: Exchange): void {
  const leading = exchange.leading();
  if (leading) call.sendMetadata(leading);
}

/** Made once: an exception of its own for each abort, with its stack, would cost more than the rest of it. */
const interruption = new DOMException("the caller went away, or its deadline passed", "AbortError");

/** grpc-js says `cancelled` for both: the caller went away, or the deadline passed and was answered. */
function abortOnCancel(call: UnaryCall | StreamCall): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort(interruption);
  if (call.cancelled) abort();
  else call.once("cancelled", abort);
  return { signal: controller.signal, release: () => call.off("cancelled", abort) };
}
