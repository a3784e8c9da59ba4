/** Carries any service on Connect, gRPC-Web and JSON over POST, over HTTP/1.1. The protocols are Connect's own code. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { Code, ConnectError, createConnectRouter, createContextKey, createContextValues } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { type Compression, createAsyncIterable } from "@connectrpc/connect/protocol";
import type { OpenedRequest, RequestLimits } from "./connect-request.ts";
import { openRequest } from "./connect-request.ts";
import { type ObserveCall, observeNothing, reasonOf, wireOfConnect } from "./observe-call.ts";
import type { Incoming, LogFailure, Service, StreamHandler, UnaryHandler } from "./service.ts";
import { refuseOverloaded } from "./shed-connect.ts";
import { deadlineExceeded, toConnectError, toStatus } from "./status.ts";

export type ConnectOptions = RequestLimits & {
  /** `maxDeadlineMs` for RPCs whose answer is a stream. */
  readonly maxStreamMs: number;
  readonly services: readonly Service[];
  readonly log: LogFailure;
  readonly observeCall?: ObserveCall | undefined;
  /** Whether calls are to be refused unread; without it, none is. */
  readonly isOverloaded?: (() => boolean) | undefined;
};

/** Answers a request and returns true, or returns false when its path is no RPC. */
export type ConnectHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

type Rpc<H> = Pick<ConnectOptions, "log" | "observeCall"> & {
  readonly method: DescMethod;
  readonly name: string;
  readonly handler: H;
};

export function createConnectHandler(options: ConnectOptions): ConnectHandler {
  const handlers = new Map(createHandlers(options).map((handler) => [handler.requestPath, handler]));
  return (request, response) => {
    const handler = handlers.get((request.url ?? "").split("?", 1)[0] as string);
    if (!handler) return false;
    answer(handler, request, response, options).catch((cause) => {
      // Nothing is left to say to the caller: the answer had begun, or the connection is gone.
      if (!response.destroyed && !response.writableEnded) options.log({ errorId: "", rpc: handler.requestPath.slice(1), cause });
      response.destroy();
    });
    return true;
  };
}

const openedKey = createContextKey<OpenedRequest | undefined>(undefined);

/** Loaded with the first caller who takes it: with it come the clients of all protocols. */
const compressionGzip = async (): Promise<Compression> => (await import("@connectrpc/connect-node")).compressionGzip;
const gzip: Compression = {
  name: "gzip",
  compress: async (bytes) => (await compressionGzip()).compress(bytes),
  decompress: async (bytes, readMaxBytes) => (await compressionGzip()).decompress(bytes, readMaxBytes),
};

function createHandlers({
  services,
  log,
  observeCall,
  maxMessageBytes,
  maxDeadlineMs,
  maxStreamMs,
  registry,
}: ConnectOptions): UniversalHandler[] {
  const router = createConnectRouter({
    connect: true,
    grpcWeb: true,
    grpc: false,
    acceptCompression: [gzip],
    readMaxBytes: maxMessageBytes,
    // Each request comes with a deadline within its own limit.
    maxTimeoutMs: Math.max(maxDeadlineMs, maxStreamMs),
    jsonOptions: { registry },
  });
  for (const { service, handlers } of services) {
    for (const method of service.methods) {
      const handler = handlers[method.localName];
      if (!handler) continue;
      const rpc = { method, name: `${service.typeName}/${method.name}`, handler, log, observeCall };
      if (method.methodKind === "unary") router.rpc(method as never, unary(rpc as Rpc<UnaryHandler>) as never);
      else if (method.methodKind === "server_streaming") router.rpc(method as never, stream(rpc as Rpc<StreamHandler>) as never);
    }
  }
  return router.handlers;
}

const callTypes = "content-type must be application/json, application/proto or one of gRPC-Web";
const streamTypes = "the answer is a stream: content-type must be application/connect+json, application/connect+proto or one of gRPC-Web";

async function answer(
  handler: UniversalHandler,
  request: IncomingMessage,
  response: ServerResponse,
  options: ConnectOptions,
): Promise<void> {
  if (request.method !== "POST") return refuse(response, 405, "only POST is served here", { allow: "POST" });
  const isStream = handler.method.methodKind !== "unary";
  if (!handler.supportedContentType(request.headers["content-type"] ?? ""))
    return refuse(response, 415, isStream ? streamTypes : callTypes);
  if (options.isOverloaded?.()) return refuseOverloaded(response, request.headers["content-type"] ?? "");
  const opened = await openRequest(request, isStream ? { ...options, maxDeadlineMs: options.maxStreamMs } : options);
  if (!opened) return;
  const away = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) away.abort(callerWentAway());
  });
  const answered = await handler({
    httpVersion: request.httpVersion,
    method: "POST",
    // Only its query is looked at, and only of GET. The Host header is not worth parsing: it may be anything.
    url: `http://localhost${handler.requestPath}`,
    header: opened.header,
    body: createAsyncIterable([opened.body]),
    signal: away.signal,
    contextValues: createContextValues().set(openedKey, opened),
  });
  if (!opened.reusable) answered.header?.set("connection", "close");
  // nginx would keep the messages back until its buffer is full (ngx_http_proxy_module, proxy_buffering).
  if (isStream) answered.header?.set("x-accel-buffering", "no");
  response.writeHead(answered.status, answered.header ? Object.fromEntries(answered.header) : {});
  if (!answered.body) response.end();
  else if (!isStream) response.end(await collect(answered.body));
  else await pipeline(answered.body, response);
}

/** The one message of an answer (and its trailers, on gRPC-Web) leaves in one write. */
async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** What the caller still sends is read and thrown away: cut off while sending, many clients never look at the answer. */
function refuse(response: ServerResponse, status: number, message: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", ...headers });
  response.end(`${message}\n`);
}

function unary(rpc: Rpc<UnaryHandler>) {
  return async (_: unknown, context: HandlerContext): Promise<MessageShape<DescMessage>> => {
    const ended = observe(context, rpc);
    try {
      const message = await beforeDeadline(rpc.handler(incoming(context, rpc)), context.signal);
      ended("OK");
      return message;
    } catch (thrown) {
      const error = refusal(thrown, context, rpc);
      ended(reasonOf(error));
      throw error;
    }
  };
}

function stream(rpc: Rpc<StreamHandler>) {
  return async function* (_: unknown, context: HandlerContext): AsyncGenerator<MessageShape<DescMessage>> {
    const ended = observe(context, rpc);
    // What stands when the reader goes away, which ends a generator where it waits.
    let reason = "CANCELED";
    const messages = rpc.handler(incoming(context, rpc))[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await beforeDeadline(messages.next(), context.signal);
        if (next.done) break;
        yield next.value;
      }
      reason = "OK";
    } catch (thrown) {
      const error = refusal(thrown, context, rpc);
      reason = reasonOf(error);
      throw error;
    } finally {
      ended(reason);
      // Not waited for: a handler that ignores its signal must not hold the answer back.
      messages.return?.().catch(() => undefined);
    }
  };
}

const observe = ({ protocolName, requestHeader }: HandlerContext, { name, method, observeCall = observeNothing }: Rpc<unknown>) =>
  observeCall({
    rpc: name,
    wire: wireOfConnect(protocolName, requestHeader.get("content-type")),
    isStream: method.methodKind === "server_streaming",
  });

function incoming(context: HandlerContext, { method }: Rpc<unknown>): Incoming {
  return {
    header: (name) => context.requestHeader.get(name) ?? undefined,
    message: () => (context.values.get(openedKey) as OpenedRequest).read(method.input),
    signal: () => context.signal,
    remainingMs: () => context.timeoutMs(),
    peer: () => (context.values.get(openedKey) as OpenedRequest).peer,
    certificate: () => (context.values.get(openedKey) as OpenedRequest).certificate(),
    requestHeader: () => context.requestHeader,
    responseHeader: () => context.responseHeader,
    responseTrailer: () => context.responseTrailer,
  };
}

/** Work that stops for its signal throws the signal's reason, which is Connect's own error and says less than ours. */
function refusal(thrown: unknown, { signal }: HandlerContext, { name, log }: Rpc<unknown>): ConnectError {
  return signal.aborted && thrown === signal.reason ? interrupted(signal) : toStatus(thrown, name, log);
}

/** The caller is answered at its deadline even when the work does not stop for it. */
function beforeDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const interrupt = (): void => reject(interrupted(signal));
    if (signal.aborted) interrupt();
    signal.addEventListener("abort", interrupt);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", interrupt));
  });
}

function interrupted(signal: AbortSignal): ConnectError {
  const reason = ConnectError.from(signal.reason);
  return reason.code === Code.DeadlineExceeded ? toConnectError(deadlineExceeded) : callerWentAway();
}

const callerWentAway = (): ConnectError => new ConnectError("the caller went away", Code.Canceled);
