/** A text message vendor in Twilio's form and a gateway of one's own, in one HTTP server that takes what they would take. */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Mailbox } from "./mailbox.ts";
import type { Told } from "./receipts.ts";

export type VendorServer = {
  readonly url: string;
  /** While it fails, it refuses, breaks off or says nothing; `all` of its vendors, or only the first. */
  fail(which: "none" | "first" | "all"): void;
  stop(): Promise<void>;
};

export async function startVendorServer(mailbox: Mailbox, onMessage: (told: Told) => void): Promise<VendorServer> {
  let failing: "none" | "first" | "all" = "none";
  let turn = 0;
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const body = await readText(request);
    const isFirst = request.url !== "/gateway";
    if (failing === "all" || (failing === "first" && isFirst)) return misbehave(response, turn++);
    const told = isFirst ? takeTwilio(body, mailbox) : takeGateway(body, mailbox);
    response.writeHead(201, { "content-type": "application/json" });
    response.end(JSON.stringify(isFirst ? { sid: told.id, status: "queued", error_code: null } : { id: told.id }));
    onMessage(told);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fail(which) {
      failing = which;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Mostly a plain no; now and then what leaves the service in doubt. */
function misbehave(response: ServerResponse, turn: number): void {
  if (turn % 10 === 3) response.socket?.resetAndDestroy();
  else if (turn % 10 === 7) response.writeHead(201, { "content-length": "1000" }).write("{");
  else response.writeHead(turn % 3 === 0 ? 429 : 503, { "content-type": "application/json" }).end('{"message":"not now"}');
}

function takeTwilio(body: string, mailbox: Mailbox): Told {
  const { To: to = "", Body: text = "", StatusCallback: url = "" } = Object.fromEntries(new URLSearchParams(body));
  mailbox.put(to, /^(\w+) is your/.exec(text)?.[1] ?? "");
  return { vendor: "twilio", url, to, id: `SM${randomBytes(16).toString("hex")}` };
}

function takeGateway(body: string, mailbox: Mailbox): Told {
  const message = JSON.parse(body) as Record<"to" | "code" | "receipt_url" | "delivery_id", string>;
  mailbox.put(message.to, message.code);
  return { vendor: "gateway", url: message.receipt_url, to: message.to, id: message.delivery_id };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}
