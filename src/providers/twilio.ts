import type { Message, SendResult } from "../otp/ports.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { readNoAnswer } from "./no-answer.ts";
import { type HttpAnswer, type HttpPost, postOnce } from "./post-once.ts";
import type { TwilioConfig } from "./twilio-config.ts";
import { readRefusal } from "./twilio-errors.ts";
import { buildSms } from "./twilio-sms.ts";
import { buildCall } from "./twilio-voice.ts";
import { buildWhatsapp } from "./twilio-whatsapp.ts";
import { createVendorAgent } from "./vendor-agent.ts";
import { parseObject } from "./vendor-json.ts";

export type Sdk = typeof import("twilio");
type Post = Pick<HttpPost, "url" | "headers" | "body">;

/** Text messages, calls and WhatsApp. Loading the SDK takes some 150 ms, so that only who uses it pays. */
export async function createTwilio(name: string, config: TwilioConfig): Promise<ClosableProvider> {
  const sdk = (await import("twilio")).default;
  const agent = createVendorAgent(config.baseUrl);
  return {
    name,
    close: async () => agent.destroy(),
    async send(message, signal, onWritten) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const post = await buildRequest(message, config, sdk);
      try {
        return readResponse(await postOnce({ ...post, agent, signal: bounded, onWritten }));
      } catch (error) {
        return readNoAnswer(error);
      }
    },
  };
}

/**
 * The SDK says what to send: addresses, fields, regions, TwiML. It does not carry it: its own client looks for a proxy in the
 * environment, keeps the last request with the code in it, reads bodies of any size and cannot be stopped. One client per
 * message takes some 40 µs. An empty region, edge and log level keep it from taking them from the environment.
 */
export async function buildRequest(message: Message, config: TwilioConfig, sdk: Sdk): Promise<Post> {
  const { accountSid, apiKey, authToken, region = "", edge = "", baseUrl } = config;
  const built = Promise.withResolvers<Post>();
  const httpClient = {
    async request({ uri, username, password, headers, data }: SdkRequest) {
      const url = new URL(uri);
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
      built.resolve({
        url: baseUrl === undefined ? url : new URL(url.pathname, baseUrl),
        headers: { ...headers, authorization },
        body: new URLSearchParams(data).toString(),
      });
      return { statusCode: 201, body: {} };
    },
  };
  const options = { accountSid, region, edge, logLevel: "", httpClient: httpClient as never };
  const client = new sdk.Twilio(apiKey?.sid ?? accountSid, apiKey?.secret ?? authToken, options);
  if (message.channel === "voice") await client.calls.create(buildCall(message, config, new sdk.twiml.VoiceResponse()));
  else await client.messages.create(message.channel === "whatsapp" ? buildWhatsapp(message, config) : buildSms(message, config));
  return built.promise;
}

type SdkRequest = {
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Record<string, string>;
};

/** What Twilio made of it. A message it took has a SID; what cannot be read may be one that it took. */
export function readResponse({ status, body }: HttpAnswer): SendResult {
  const { sid, code, error_code: errorCode, status: state } = parseObject(body);
  if (status >= 200 && status < 300) {
    if ((state === "failed" || state === "undelivered") && Number.isSafeInteger(errorCode)) return readRefusal(status, errorCode as number);
    if (typeof sid === "string" && /^(?:SM|MM|CA)[0-9a-f]{32}$/.test(sid)) return { outcome: "accepted", reference: sid };
  }
  if (status >= 400 && status < 500 && status !== 408)
    return readRefusal(status, Number.isSafeInteger(code) ? (code as number) : undefined);
  return { outcome: "unknown", failure: "provider_error", vendorCode: Number.isSafeInteger(code) ? String(code) : `http_${status}` };
}
