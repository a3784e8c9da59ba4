import type { Message, SendResult } from "../otp/ports.ts";
import type { BirdConfig } from "./bird-config.ts";
import { readRefusal } from "./bird-errors.ts";
import { buildCall } from "./bird-voice.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { readNoAnswer } from "./no-answer.ts";
import { type HttpAnswer, type HttpPost, postOnce } from "./post-once.ts";
import { isRefusal, unclear } from "./refused.ts";
import { createVendorAgent } from "./vendor-agent.ts";
import { digits } from "./vendor-forms.ts";
import { asList, asObject, type JsonObject, parseObject } from "./vendor-json.ts";

/** Text messages and calls by the APIs of MessageBird, which now is Bird. */
export async function createBird(name: string, config: BirdConfig): Promise<ClosableProvider> {
  const agent = createVendorAgent(config.baseUrl);
  return {
    name,
    close: async () => agent.destroy(),
    async send(message, signal, onWritten) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      try {
        return readResponse(await postOnce({ ...buildRequest(message, config), agent, signal: bounded, onWritten }));
      } catch (error) {
        return readNoAnswer(error);
      }
    },
  };
}

/** Two APIs with a host each, and one way to sign in. */
export function buildRequest(message: Message, config: BirdConfig): Pick<HttpPost, "url" | "headers" | "body"> {
  const voice = message.channel === "voice";
  const origin = config.baseUrl ?? (voice ? "https://voice.messagebird.com" : "https://rest.messagebird.com");
  return {
    url: new URL(voice ? "/calls" : "/messages", origin),
    headers: { authorization: `AccessKey ${config.accessKey}`, "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(voice ? buildCall(message, config) : buildSms(message, config)),
  };
}

/**
 * https://developers.messagebird.com/api/sms-messaging/#send-outbound-sms; `reference` comes back with every delivery report. Without
 * `datacoding`, characters outside of the GSM alphabet would be lost.
 */
function buildSms({ to, text, deliveryId, receipt }: Message, { from }: BirdConfig): JsonObject {
  const report = receipt && { reportUrl: receipt.url };
  return { originator: digits(from), recipients: [digits(to)], body: text, reference: deliveryId, datacoding: "auto", ...report };
}

/** What Bird made of it. A message or call it took has an id; what cannot be read may be one that it took. */
export function readResponse({ status, body }: HttpAnswer): SendResult {
  const answer = parseObject(body);
  const reference = answer.id ?? asObject(asList(answer.data)[0]).id;
  if (status >= 200 && status < 300 && typeof reference === "string" && /^[0-9a-f-]{32,36}$/i.test(reference))
    return { outcome: "accepted", reference };
  return isRefusal(status) ? readRefusal(status, answer) : unclear(`http_${status}`);
}
