import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createDoor, type Gate, type Http1Limits } from "./bound-http1.ts";
import { answerCors } from "./cors.ts";
import { isForeignForm } from "./forms.ts";
import { type Created, createHttpServer, type HttpServer, type HttpTls } from "./http-server.ts";
import type { Routes } from "./routes.ts";
import { answerRoute, sendJson } from "./routes.ts";

export type HttpLimits = Http1Limits & {
  readonly maxHeaderBytes: number;
  readonly headersMs: number;
  /** For the whole request, body included. */
  readonly requestMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveMs: number;
  /** Without a byte either way, such as a reader that has stopped reading. */
  readonly silentMs: number;
};

export const defaultHttpLimits: HttpLimits = {
  maxHeaderBytes: 16_384,
  headersMs: 10_000,
  requestMs: 15_000,
  keepAliveMs: 65_000,
  silentMs: 60_000,
  maxHeaderFields: 100,
  maxAgeMs: 1_800_000,
};

export type ListenHttpOptions = {
  readonly host: string;
  readonly port: number;
  /** Name of the setting the address comes from, for the error that it is in use. */
  readonly setting: string;
  /** The RPCs: answers and returns true, or returns false for a path that is none. */
  readonly rpc: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Asked anew for each request, as are the origins. */
  readonly routes: () => Routes;
  /** Origins (`https://app.example.com`) whose pages may call. */
  readonly origins: () => ReadonlySet<string>;
  /** Told of what went wrong in a route; callers learn nothing of it. */
  readonly onError: (cause: unknown) => void;
  /** Without it, the listener speaks plaintext. */
  readonly tls?: HttpTls | undefined;
  readonly limits?: Partial<HttpLimits>;
  /** Who may connect at all; without it, everyone. */
  readonly gate?: Gate | undefined;
};

export type HttpListener = {
  readonly address: AddressInfo;
  /** Shows another certificate to connections from now on; throws, and changes nothing, when it cannot be used. */
  readonly renew: Created["renew"];
  /** Stops accepting, lets what is in flight finish for at most `graceMs`, then ends it. */
  close(graceMs: number): Promise<void>;
};

export async function listenHttp(options: ListenHttpOptions): Promise<HttpListener> {
  const limits = { ...defaultHttpLimits, ...options.limits };
  const unanswered = new Set<ServerResponse>();
  const isAnsweredAt = createDoor(limits, options.gate);
  const given = { settings: serverOptions(limits), greetingMs: limits.headersMs, tls: options.tls };
  const { server, event, renew } = createHttpServer(given, (request, response) => {
    if (isAnsweredAt(request, response)) return;
    if (!server.listening) response.setHeader("connection", "close");
    unanswered.add(response);
    response.once("close", () => unanswered.delete(response));
    answer(request, response, options).catch((cause) => {
      options.onError(cause);
      if (response.headersSent) response.destroy();
      else sendJson(response, 500, { error: "internal error" });
    });
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void options.gate?.admit(socket));
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.maxHeadersCount = limits.maxHeaderFields;
  server.timeout = limits.silentMs;
  const address = await listen(server, options);
  return { address, renew, close: (graceMs) => close({ server, sockets, unanswered }, graceMs) };
}

const serverOptions = (limits: HttpLimits) => ({
  maxHeaderSize: limits.maxHeaderBytes,
  headersTimeout: limits.headersMs,
  requestTimeout: limits.requestMs,
  keepAliveTimeout: limits.keepAliveMs,
  // Those whose time is up are closed together: in large batches, everybody else would wait for that.
  connectionsCheckingInterval: Math.min(100, limits.headersMs),
  noDelay: true,
});

async function answer(request: IncomingMessage, response: ServerResponse, options: ListenHttpOptions): Promise<void> {
  // Answers hold recipients and states of challenges: no cache may keep them, and no browser may take them for a page.
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  if (isForeignForm(request))
    return sendJson(response, 415, { error: "forms of web pages are not taken here; send application/json from a script" });
  const routes = options.routes();
  if (await routes.answerReceipt?.(request, response)) return;
  if (answerCors(request, response, options.origins())) return;
  if (options.rpc(request, response)) return;
  await answerRoute(request, response, routes);
}

function listen(server: HttpServer, { host, port, setting }: ListenHttpOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(cannotListen(setting, `${host}:${port}`, cause)));
    server.listen({ host, port, backlog: 511 }, () => resolve(server.address() as AddressInfo));
  });
}

function cannotListen(setting: string, address: string, cause: NodeJS.ErrnoException): Error {
  const why =
    cause.code === "EADDRINUSE" ? "is in use by another process; stop it or choose another port" : `cannot be listened on (${cause.code})`;
  return new Error(`${setting}: ${address} ${why}`, { cause });
}

/** For readers to take what ends their stream when the service stops. */
const lastWordsMs = 1_000;

type Parts = {
  readonly server: HttpServer;
  readonly sockets: ReadonlySet<Socket>;
  readonly unanswered: ReadonlySet<ServerResponse>;
};

async function close({ server, sockets, unanswered }: Parts, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // Whoever still gets an answer is told not to ask again on this connection.
  for (const response of unanswered) if (!response.headersSent) response.setHeader("connection", "close");
  const closeIdle = (): void => {
    server.closeIdleConnections();
    // Browsers and balancers connect ahead of need. To Node, a connection that has not said anything yet is not idle.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  };
  closeIdle();
  // Those in use become idle one by one.
  const sweep = setInterval(closeIdle, 50);
  const cut = setTimeout(() => cutStreams(unanswered), lastWordsMs);
  const end = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
  clearInterval(sweep);
  clearTimeout(end);
}

/** An answer that has begun is complete at once, unless it is a stream, or its reader does not take it. */
function cutStreams(unanswered: ReadonlySet<ServerResponse>): void {
  for (const response of unanswered) if (response.headersSent && !response.writableFinished) response.destroy();
}
