import http from "node:http";
import type { AddressInfo, Socket } from "node:net";

export type VendorRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
};

export type VendorAnswer = { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };

/** What to do with the next requests; `api` is what the vendor would do, the others take the message first, if it is right. */
export type Behaviour =
  | { readonly kind: "api" | "hang" | "reset" | "reset_in_answer" | "drip" | "huge" }
  | ({ readonly kind: "answer" } & VendorAnswer);

/** A local HTTP server that checks what the vendor would check, counts the messages it takes, and can misbehave. */
export async function startVendorServer(answerOf: (request: VendorRequest) => VendorAnswer | Promise<VendorAnswer>) {
  const requests: VendorRequest[] = [];
  const state: { behaviour: Behaviour; messages: number; connections: number } = {
    behaviour: { kind: "api" },
    messages: 0,
    connections: 0,
  };
  const sockets = new Set<Socket>();
  const server = http.createServer(async (incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    const request = { method, path: url, headers, body: await readText(incoming) };
    requests.push(request);
    const { behaviour } = state;
    if (behaviour.kind === "answer") return respond(response, behaviour);
    const answer = await answerOf(request);
    if (answer.status < 300) state.messages += 1;
    behave(behaviour.kind, response, answer);
  });
  server.on("connection", (socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    state,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const json = (status: number, body: object): VendorAnswer => ({ status, body: JSON.stringify(body) });

function behave(kind: Exclude<Behaviour["kind"], "answer">, response: http.ServerResponse, answer: VendorAnswer): void {
  switch (kind) {
    case "api":
      respond(response, answer);
      return;
    case "hang":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "reset_in_answer":
      response.writeHead(answer.status, { "content-length": "1000" }).write(answer.body.slice(0, 10));
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
      return;
    case "drip": {
      response.writeHead(answer.status);
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
      return;
    }
    case "huge":
      response.writeHead(answer.status).end(" ".repeat(1_000_000) + answer.body);
      return;
  }
}

function respond(response: http.ServerResponse, { status, headers, body }: VendorAnswer): void {
  response.writeHead(status, headers).end(body);
}

async function readText(request: http.IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
