import http from "node:http";
import type { AddressInfo, Socket } from "node:net";

export const account = { sid: `AC${"0".repeat(32)}`, token: "test-token" };

export type TwilioRequest = {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: http.IncomingHttpHeaders;
};

/** What to do with the next requests; `api` is what Twilio would do. */
export type Behaviour =
  | { readonly kind: "api" }
  | { readonly kind: "refuse"; readonly status: number; readonly code?: number }
  | { readonly kind: "answer"; readonly status: number; readonly body: string; readonly headers?: Record<string, string> }
  | { readonly kind: "hang" | "reset" | "reset_in_answer" | "drip" | "huge" };

/** A local HTTP server that checks what Twilio would check, and can misbehave. */
export async function startTwilioServer() {
  const requests: TwilioRequest[] = [];
  const state: { behaviour: Behaviour; connections: number } = { behaviour: { kind: "api" }, connections: 0 };
  const sockets = new Set<Socket>();
  const server = http.createServer(async (request, response) => {
    const fields = Object.fromEntries(new URLSearchParams(await readText(request)));
    requests.push({ path: request.url ?? "", fields, headers: request.headers });
    behave(state.behaviour, { request, response, fields });
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

type Exchange = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly fields: Readonly<Record<string, string>>;
};

function behave(behaviour: Behaviour, exchange: Exchange): void {
  const { response } = exchange;
  switch (behaviour.kind) {
    case "api": {
      const { status, body } = answerOf(exchange);
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      return;
    }
    case "refuse":
      response
        .writeHead(behaviour.status, { "content-type": "application/json" })
        .end(JSON.stringify({ status: behaviour.status, message: "no", ...(behaviour.code && { code: behaviour.code }) }));
      return;
    case "answer":
      response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
      return;
    case "hang":
      return;
    case "reset":
      response.socket?.resetAndDestroy();
      return;
    case "reset_in_answer":
      response.writeHead(201, { "content-length": "100" }).write('{"sid":');
      setTimeout(() => response.socket?.resetAndDestroy(), 50);
      return;
    case "drip": {
      response.writeHead(201);
      const timer = setInterval(() => response.write(" "), 50);
      response.on("close", () => clearInterval(timer));
      return;
    }
    case "huge":
      response.writeHead(201).end(" ".repeat(1_000_000) + JSON.stringify({ sid: `SM${"1".repeat(32)}` }));
      return;
  }
}

/** What Twilio checks: the account, and every field of the message. */
export function answerOf({ request, fields }: Pick<Exchange, "request" | "fields">): { status: number; body: object } {
  const expected = `Basic ${Buffer.from(`${account.sid}:${account.token}`).toString("base64")}`;
  const refuse = (status: number, code: number) => ({ status, body: { status, code, message: "refused", more_info: "" } });
  if (request.headers.authorization !== expected) return refuse(401, 20003);
  if (request.method !== "POST" || !request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded"))
    return refuse(400, 20422);
  const [, version, accounts, sid, resource] = (request.url ?? "").split("/");
  if (version !== "2010-04-01" || accounts !== "Accounts" || sid !== account.sid) return refuse(404, 20404);
  if (!/^(whatsapp:)?\+[1-9]\d{6,14}$/.test(fields.To ?? "")) return refuse(400, 21211);
  if (fields.To?.startsWith("whatsapp:")) return answerWhatsapp(fields, refuse);
  if (resource === "Messages.json") return answerMessage(fields, refuse);
  if (resource === "Calls.json") return answerCall(fields, refuse);
  return refuse(404, 20404);
}

type Refuse = (status: number, code: number) => { status: number; body: object };

function answerMessage(fields: Exchange["fields"], refuse: Refuse) {
  if (!fields.From && !fields.MessagingServiceSid) return refuse(400, 21603);
  if (!fields.Body) return refuse(400, 21602);
  if (fields.Body.length > 1600) return refuse(400, 21617);
  return { status: 201, body: { sid: `SM${"a".repeat(32)}`, status: "queued", error_code: null } };
}

function answerWhatsapp(fields: Exchange["fields"], refuse: Refuse) {
  if (!/^whatsapp:\+[1-9]\d{6,14}$/.test(fields.From ?? "")) return refuse(400, 63007);
  if (!fields.ContentSid || fields.Body) return refuse(400, 63016);
  if (!/^HX[0-9a-f]{32}$/.test(fields.ContentSid)) return refuse(400, 21655);
  if (!/^\{"1":"[^"]{1,15}"\}$/.test(fields.ContentVariables ?? "")) return refuse(400, 21656);
  return { status: 201, body: { sid: `SM${"c".repeat(32)}`, status: "queued", error_code: null } };
}

function answerCall(fields: Exchange["fields"], refuse: Refuse) {
  if (!/^\+[1-9]\d{6,14}$/.test(fields.From ?? "")) return refuse(400, 21212);
  if (fields.Url || !fields.Twiml || fields.Twiml.length > 4000) return refuse(400, 21205);
  return { status: 201, body: { sid: `CA${"b".repeat(32)}`, status: "queued" } };
}

async function readText(request: http.IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
