import type { LookupFunction } from "node:net";
import type { Message, SendResult } from "../otp/ports.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { type DltTemplate, findTemplate } from "./dlt.ts";
import { isPrivateAllowed, lowerHeaders } from "./endpoint-config.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import type { HttpSmsConfig } from "./http-sms-config.ts";
import { fillFields, fillHeader, fillJson, valuesOf } from "./http-sms-template.ts";
import { readNoAnswer } from "./no-answer.ts";
import { type HttpAnswer, type HttpPost, postOnce } from "./post-once.ts";
import { isError, isSuccess, type ParsedAnswer, parseAnswer, readStatus, readToken, refusal, valueAt } from "./read-answer.ts";

export type HttpSmsDeps = { readonly lookup?: LookupFunction };

/** A gateway that the configuration describes. Redirects are not followed: they would take the code to another host. */
export function createHttpSms(name: string, config: HttpSmsConfig, { lookup }: HttpSmsDeps = {}): ClosableProvider {
  const agent = createGuardedAgent({ url: new URL(config.url), privateAllowed: isPrivateAllowed(config), ca: config.ca, lookup });
  return {
    name,
    close: async () => agent.destroy(),
    async send(message, signal, onWritten) {
      const found = config.dlt && findTemplate(message, config.dlt);
      if (found && "tried" in found) return refusal("content_refused", tell(found.tried));
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const answer = postOnce({ ...buildRequest(message, config, found), agent, signal: bounded, onWritten });
      return answer.then((read) => readResponse(read, config, message), readNoAnswer);
    },
  };
}

/** For the log: the templates that the text was compared with. */
function tell(tried: readonly string[]): string {
  if (tried.length === 0) return "dlt_no_template";
  return `dlt_mismatch ${tried.slice(0, 5).join(" ")}${tried.length > 5 ? ` +${tried.length - 5}` : ""}`;
}

type Request = Pick<HttpPost, "method" | "url" | "headers" | "body">;

export function buildRequest(message: Message, config: HttpSmsConfig, template?: DltTemplate): Request {
  const { method, dlt, json, form = {}, secrets } = config;
  const sender = template?.header ?? dlt?.senderId ?? config.sender;
  const values = valuesOf(message, { sender, entityId: dlt?.entityId, templateId: template?.templateId, secrets });
  const url = new URL(config.url);
  url.search = fillFields(config.query, values);
  const headers = Object.fromEntries(Object.entries(config.headers).map(([name, each]) => [name, fillHeader(each, values)]));
  const [type, body] =
    json === undefined
      ? ["application/x-www-form-urlencoded", fillFields(form, values)]
      : ["application/json; charset=utf-8", JSON.stringify(fillJson(json, values))];
  return { method, url, headers: { "user-agent": "countersign", ...message.trace, ...lowerHeaders(headers), "content-type": type }, body };
}

/** Errors first: many a gateway says with status 200, and often in the words of success, what it did not do. */
export function readResponse(answer: HttpAnswer, config: HttpSmsConfig, message: Message): SendResult {
  const parsed = parseAnswer(answer);
  const error = config.errors.find((rule) => isError(parsed, rule));
  const vendorCode = vendorCodeOf(parsed, [error, config.success, ...config.errors], message);
  if (error) return refusal(error.failure, vendorCode, error.retryable);
  if (!isSuccess(parsed, config.success)) return readStatus(answer.status, vendorCode);
  const reference = readToken(readMessageId(parsed, config), message);
  return { outcome: "accepted", ...(reference !== undefined && { reference }) };
}

/** What the gateway wrote where the configuration looks for it; operators need it to describe an error that is not yet. */
function vendorCodeOf({ json, status }: ParsedAnswer, rules: readonly (Looking | undefined)[], message: Message): string {
  const paths = rules.flatMap((rule) => rule?.path ?? []);
  const found = paths.map((path) => readToken(valueAt(json, path), message)).find((token) => token !== undefined);
  return found ?? `http_${status}`;
}

type Looking = { readonly path?: string | undefined };

function readMessageId({ json, body }: ParsedAnswer, { messageIdPath, messageIdAfter }: HttpSmsConfig): unknown {
  if (messageIdPath !== undefined) return valueAt(json, messageIdPath);
  if (messageIdAfter === undefined) return undefined;
  const at = body.indexOf(messageIdAfter);
  return at < 0 ? undefined : /^\s*([\w.:-]+)/.exec(body.slice(at + messageIdAfter.length))?.[1];
}
