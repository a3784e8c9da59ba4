import http from "node:http";
import https from "node:https";
import type { Message, SendResult } from "../otp/ports.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { type HttpAnswer, type HttpPost, NoAnswer, postOnce } from "./post-once.ts";
import type { TwilioConfig } from "./twilio-config.ts";
import { readRefusal } from "./twilio-errors.ts";
import { buildSms } from "./twilio-sms.ts";
import { buildCall } from "./twilio-voice.ts";

export type Sdk = typeof import("twilio");
type Post = Pick<HttpPost, "url" | "headers" | "body">;

/** Text messages and calls. Loading the SDK takes some 150 ms, so that only who uses it pays. */
export async function createTwilio(name: string, config: TwilioConfig): Promise<ClosableProvider> {
  const sdk = (await import("twilio")).default;
  const agent = createAgent(config);
  return {
    name,
    close: async () => agent.destroy(),
    async send(message, signal) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const post = await buildRequest(message, config, sdk);
      try {
        return readResponse(await postOnce({ ...post, agent, signal: bounded }));
      } catch (error) {
        if (error instanceof NoAnswer) return { outcome: error.written ? "unknown" : "retryable", failure: error.failure };
        throw error;
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
  else await client.messages.create(buildSms(message, config));
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

function parseObject(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Connections idle for 5 s are dropped: one the server has dropped meanwhile would take a message to an unknown fate. */
function createAgent({ baseUrl }: TwilioConfig): http.Agent {
  const options = { keepAlive: true, maxSockets: 64, timeout: 5_000 };
  return baseUrl?.startsWith("http:") ? new http.Agent(options) : new https.Agent(options);
}
