import http from "node:http";
import https from "node:https";
import net, { type AddressInfo, type Socket } from "node:net";

export type GatewayRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
};

export type Answer = { readonly status: number; readonly body: string; readonly headers?: Record<string, string> };

/** What to do with the next requests; `api` is what the gateway at hand would do. */
export type Behaviour =
  | { readonly kind: "api" }
  | ({ readonly kind: "answer" } & Answer)
  | { readonly kind: "hang" | "reset" | "reset_in_answer" | "drip" | "huge" };

type Options = {
  /** What the gateway answers by itself: it checks who asks and what for. */
  readonly answer: (request: GatewayRequest) => Answer;
  readonly tls?: { readonly key: string; readonly cert: string };
};

/** A local gateway that refuses what one of its kind would refuse, and can misbehave. */
export async function startGateway({ answer, tls }: Options) {
  const requests: GatewayRequest[] = [];
  const state: { behaviour: Behaviour; connections: number } = { behaviour: { kind: "api" }, connections: 0 };
  const sockets = new Set<Socket>();
  const handle: http.RequestListener = async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { method = "", url = "", headers, rawHeaders } = request;
    const seen = { method, path: url, headers, rawHeaders, body };
    requests.push(seen);
    behave(state.behaviour, response, () => answer(seen));
  };
  const server = tls ? https.createServer(tls, handle) : http.createServer(handle);
  server.on("connection", (socket: Socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}/send`,
    requests,
    state,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

function behave(behaviour: Behaviour, response: http.ServerResponse, answer: () => Answer): void {
  switch (behaviour.kind) {
    case "api": {
      const { status, body, headers } = answer();
      response.writeHead(status, headers).end(body);
      return;
    }
    case "answer":
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
      return;
    case "hang":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "reset_in_answer":
      response.writeHead(200, { "content-length": "100" }).write('{"id":');
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
      return;
    case "drip": {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
      return;
    }
    case "huge":
      response.writeHead(200).end(`${" ".repeat(1_000_000)}{"id":"m-1","status":"queued"}`);
      return;
  }
}

/** Accepts connections and says nothing, so that no TLS handshake gets anywhere. */
export async function startSilence(): Promise<{ readonly port: number; stop(): void }> {
  const sockets = new Set<Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, stop };
}

export async function closedPort(): Promise<number> {
  const { port, stop } = await startSilence();
  stop();
  return port;
}
