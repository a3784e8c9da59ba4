/** What vendors tell of their messages: twice, late, out of order, and now and then forged by somebody else. */
import { createHmac, randomInt } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { signWebhook } from "../src/providers/standard-webhooks.ts";
import { publicUrl, type Secrets } from "./service-config.ts";

/** A message that a vendor took. */
export type Told = { readonly vendor: "twilio" | "gateway"; readonly url: string; readonly to: string; readonly id: string };

type Post = { readonly headers: Readonly<Record<string, string>>; readonly body: string };

export type ReceiptSender = { tell(told: Told): void; readonly sent: () => number; stop(): Promise<void> };

type Deps = { readonly secrets: Secrets; readonly http: () => string; readonly onUnexpected: (what: string) => void };

/** Vendors have some hundreds under way; more wait their turn nowhere, and those messages have no receipt. */
const mostUnderWay = 200;

export function createReceiptSender({ secrets, http, onUnexpected }: Deps): ReceiptSender {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  const post = async (told: Told, { headers, body }: Post, wanted: number): Promise<void> => {
    const url = new URL(told.url.replace(publicUrl, `http://${http()}`));
    const status = await send(url, agent, headers, body);
    sent += 1;
    if (status !== wanted) onUnexpected(`receipt of ${told.vendor}: ${status} and not ${wanted}`);
  };
  const tellAll = async (told: Told): Promise<void> => {
    await sleep(randomInt(20, 1500), undefined, { signal: stopping.signal });
    if (randomInt(10) === 0) await post(told, sign(told, "failed", forged), 403);
    const states = randomInt(4) === 0 ? (["delivered", "accepted"] as const) : (["accepted", "delivered"] as const);
    for (const state of states) await post(told, sign(told, state, secrets), 200);
    if (randomInt(3) === 0) await post(told, sign(told, "delivered", secrets), 200);
  };
  return {
    tell(told) {
      if (underWay.size >= mostUnderWay || randomInt(4) === 0) return;
      const work = tellAll(told)
        .catch((error: Error) => {
          if (error.name !== "AbortError") onUnexpected(`receipt of ${told.vendor}: ${error.message}`);
        })
        .finally(() => underWay.delete(work));
      underWay.add(work);
    },
    sent: () => sent,
    async stop() {
      stopping.abort();
      await Promise.all(underWay);
      agent.destroy();
    },
  };
}

type Keys = Pick<Secrets, "twilio" | "gatewayReceipts">;
const forged: Keys = { twilio: { sid: "AC0", token: "guessed" }, gatewayReceipts: `whsec_${Buffer.alloc(32, 1).toString("base64")}` };

function sign({ vendor, url, to, id }: Told, state: "accepted" | "delivered" | "failed", keys: Keys): Post {
  if (vendor === "gateway") {
    const body = JSON.stringify({ type: "countersign.receipt", delivery_id: id, state, id });
    const unsigned = { id: `msg_${randomInt(2 ** 40)}`, timestampSeconds: Date.now() / 1000, body, secrets: [keys.gatewayReceipts] };
    return { headers: { ...signWebhook(unsigned), "content-type": "application/json" }, body };
  }
  const status = { accepted: "sent", delivered: "delivered", failed: "undelivered" }[state];
  const fields: Record<string, string> = { AccountSid: keys.twilio.sid, MessageSid: id, MessageStatus: status, To: to };
  const text = Object.keys(fields)
    .toSorted()
    .map((name) => `${name}${fields[name]}`)
    .join("");
  const signature = createHmac("sha1", keys.twilio.token)
    .update(url + text)
    .digest("base64");
  const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature };
  return { headers, body: new URLSearchParams(fields).toString() };
}

function send(url: URL, agent: Agent, headers: Post["headers"], body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const request = httpRequest(url, { method: "POST", agent, headers: { ...headers, ...length }, timeout: 15_000 }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    request.once("timeout", () => request.destroy(new Error("no answer in 15 s")));
    request.once("error", reject).end(body);
  });
}
