/** A service with a gateway of its own for messages, which keeps what it got, and a collector of traces. */
import { startGateway } from "../providers/gateway-server.ts";
import { newKey, newSecret } from "./production-config.ts";

export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

export const startMessageGateway = () => startGateway({ answer: () => ({ status: 200, body: '{"id":"gateway-1"}' }) });

export type Gateway = Awaited<ReturnType<typeof startMessageGateway>>;

export const caller = newKey();

/** SMS by the gateway as an HTTP API of its own, voice by a webhook, both without any wait between two messages. */
export function tracedConfig(gateway: Gateway, tracing: object | undefined, more: object = {}) {
  const server = { url: gateway.url, allowPrivateHosts: ["127.0.0.1"] };
  return {
    secrets: { ledgerKey: newSecret(), codeKeys: [{ id: "a", secret: newSecret() }] },
    applications: [
      {
        id: "shop",
        displayName: "Shop",
        purposes: ["login"],
        channels: ["sms", "voice"],
        code: { length: 10 },
        limits: { cooldownsSeconds: [0] },
        policy: { countries: "*", voice: { countries: "*" } },
        keys: [{ id: "k", hash: caller.hash }],
      },
    ],
    sendLimits: [],
    providers: {
      hook: {
        kind: "webhook",
        ...server,
        secrets: [webhookSecret],
        channels: ["sms", "voice"],
        messageIdPath: "id",
        receipts: { secrets: [webhookSecret] },
      },
      api: {
        kind: "http-sms",
        ...server,
        method: "POST",
        sender: "Shop",
        json: { to: "{to}", text: "{text}" },
        messageIdPath: "id",
      },
    },
    channels: { sms: ["api"], voice: ["hook"] },
    receipts: { publicUrl: "https://otp.example.com" },
    ...(tracing && { tracing }),
    ...more,
  };
}

/** The code of the last message that the gateway got. */
export function lastCode({ requests }: Gateway): string {
  const body = requests.at(-1)?.body ?? "";
  const [, code] = /"code":"(\d{10})"/.exec(body) ?? /(?<!\d)(\d{10})(?!\d) is your/.exec(body) ?? [];
  if (code === undefined) throw new Error(`no code in ${body}`);
  return code;
}
