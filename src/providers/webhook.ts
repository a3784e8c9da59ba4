import type { LookupFunction } from "node:net";
import type { Message, SendResult } from "../otp/ports.ts";
import { deliveryFailures } from "./answer-config.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { isPrivateAllowed, lowerHeaders } from "./endpoint-config.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import { readNoAnswer } from "./no-answer.ts";
import { type HttpAnswer, type HttpPost, postOnce } from "./post-once.ts";
import { isSuccess, parseAnswer, readStatus, readToken, refusal, valueAt } from "./read-answer.ts";
import { signWebhook } from "./standard-webhooks.ts";
import type { WebhookConfig } from "./webhook-config.ts";

export type WebhookDeps = {
  /** Milliseconds since 1970: receivers refuse what is older than some minutes. */
  now(): number;
  readonly lookup?: LookupFunction;
};

/** Any gateway that takes a message as a signed POST. Redirects are not followed: they would take the code to another host. */
export function createWebhook(name: string, config: WebhookConfig, { now, lookup }: WebhookDeps): ClosableProvider {
  const agent = createGuardedAgent({ url: new URL(config.url), privateAllowed: isPrivateAllowed(config), ca: config.ca, lookup });
  return {
    name,
    close: async () => agent.destroy(),
    async send(message, signal, onWritten) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const post = buildRequest(message, config, now());
      const answer = postOnce({ ...post, agent, signal: bounded, onWritten });
      return answer.then((read) => readResponse(read, config, message), readNoAnswer);
    },
  };
}

/** The id is the delivery's, the same however often it arrives: by it a receiver sends a message once. */
export function buildRequest(message: Message, config: WebhookConfig, nowMs: number): Pick<HttpPost, "url" | "headers" | "body"> {
  const { channel, to, text, subject, html, code, locale, purpose, speech, challengeId, deliveryId, receipt, trace } = message;
  const body = JSON.stringify({
    type: "countersign.message",
    channel,
    to,
    text,
    subject,
    html,
    code,
    locale,
    purpose,
    speech,
    challenge_id: challengeId,
    delivery_id: deliveryId,
    receipt_url: receipt?.url,
  });
  const signature = signWebhook({ id: deliveryId, timestampSeconds: nowMs / 1000, body, secrets: config.secrets });
  const ours = { ...signature, "content-type": "application/json; charset=utf-8" };
  return { url: new URL(config.url), headers: { "user-agent": "countersign", ...trace, ...lowerHeaders(config.headers), ...ours }, body };
}

/**
 * A gateway may say why it did not take a message, with any status that is no success: `{"failure": "recipient_refused",
 * "retryable": false}`, in the words of `DeliveryFailure`. That is a definite no; otherwise the status decides.
 */
export function readResponse(answer: HttpAnswer, config: WebhookConfig, message: Message): SendResult {
  const parsed = parseAnswer(answer);
  if (isSuccess(parsed, config.success)) {
    const reference = readToken(valueAt(parsed.json, config.messageIdPath), message);
    return { outcome: "accepted", ...(reference !== undefined && { reference }) };
  }
  const failure = deliveryFailures.find((each) => each === valueAt(parsed.json, "failure"));
  const retryable = valueAt(parsed.json, "retryable");
  if (failure !== undefined) return refusal(failure, `http_${answer.status}`, typeof retryable === "boolean" ? retryable : undefined);
  return readStatus(answer.status);
}
