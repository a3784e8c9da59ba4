import { createPrivateKey, type KeyObject, randomUUID } from "node:crypto";
import type { Message, SendResult } from "../otp/ports.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { readNoAnswer } from "./no-answer.ts";
import { type HttpAnswer, type HttpPost, postOnce } from "./post-once.ts";
import { isRefusal, unclear } from "./refused.ts";
import { createVendorAgent } from "./vendor-agent.ts";
import { parseObject } from "./vendor-json.ts";
import type { VonageConfig } from "./vonage-config.ts";
import { codeOf, readRefusal } from "./vonage-errors.ts";
import { buildSms, buildWhatsapp } from "./vonage-messages.ts";
import { buildCall } from "./vonage-voice.ts";

/** Long enough for a clock that is slow by minutes, shorter than the 15 minutes of Vonage's own libraries. */
const tokenSeconds = 300;

/** Text messages and WhatsApp by the Messages API, calls by the Voice API. Its clock dates the tokens it signs in with. */
export async function createVonage(name: string, config: VonageConfig, clock: { now(): number }): Promise<ClosableProvider> {
  const { SignJWT } = await import("jose");
  const key = createPrivateKey(config.privateKey);
  const agent = createVendorAgent(config.baseUrl);
  return {
    name,
    close: async () => agent.destroy(),
    async send(message, signal, onWritten) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const token = await signToken(SignJWT, { key, applicationId: config.applicationId, now: clock.now() });
      try {
        return readResponse(await postOnce({ ...buildRequest(message, config, token), agent, signal: bounded, onWritten }));
      } catch (error) {
        return readNoAnswer(error);
      }
    },
  };
}

/** One body for one message; what differs is where it goes. */
export function buildRequest(message: Message, config: VonageConfig, token: string): Pick<HttpPost, "url" | "headers" | "body"> {
  const voice = message.channel === "voice";
  const build = voice ? buildCall : message.channel === "whatsapp" ? buildWhatsapp : buildSms;
  return {
    url: new URL(voice ? "/v1/calls" : "/v1/messages", config.baseUrl ?? "https://api.nexmo.com"),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(build(message, config)),
  };
}

/** What Vonage made of it. A message or call it took has a UUID; what cannot be read may be one that it took. */
export function readResponse({ status, body }: HttpAnswer): SendResult {
  const answer = parseObject(body);
  const reference = answer.message_uuid ?? answer.uuid;
  if (status >= 200 && status < 300 && typeof reference === "string" && /^[0-9a-f-]{32,36}$/i.test(reference))
    return { outcome: "accepted", reference };
  return isRefusal(status) ? readRefusal(status, answer) : unclear(codeOf(answer) ?? `http_${status}`);
}

type Signing = { readonly key: KeyObject; readonly applicationId: string; readonly now: number };

/** https://developer.vonage.com/en/getting-started/concepts/authentication#json-web-tokens; each token is for one request. */
function signToken(SignJWT: typeof import("jose").SignJWT, { key, applicationId, now }: Signing): Promise<string> {
  const issuedAt = Math.floor(now / 1000);
  return new SignJWT({ application_id: applicationId })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + tokenSeconds)
    .setJti(randomUUID())
    .sign(key);
}
