import type http from "node:http";
import type { PublishCommandInput, PublishCommandOutput } from "@aws-sdk/client-sns";
import type { Message, SendResult } from "../otp/ports.ts";
import { awsEndpoint, awsOptions, type SignedRequest, toPost, within } from "./aws-client.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { readNoAnswer } from "./no-answer.ts";
import { type HttpAnswer, NoAnswer, postOnce } from "./post-once.ts";
import { unclear } from "./refused.ts";
import type { SnsConfig } from "./sns-config.ts";
import { readError } from "./sns-errors.ts";
import { createVendorAgent } from "./vendor-agent.ts";

/** One message under way: what bounds it, and what came back. */
type Exchange = { readonly bounded: AbortSignal; readonly onWritten: (() => void) | undefined; answer?: HttpAnswer };

/**
 * By the signal that the SDK is given, which is never aborted: the SDK would stop waiting at once then, and nobody could tell any more
 * whether the request had been written.
 */
type Exchanges = WeakMap<AbortSignal, Exchange>;

/** Loading the SDK takes some 100 ms, so that only who uses it pays. */
export async function createSns(name: string, config: SnsConfig): Promise<ClosableProvider> {
  const { SNSClient, PublishCommand } = await import("@aws-sdk/client-sns");
  const agent = createVendorAgent(config.baseUrl);
  const exchanges: Exchanges = new WeakMap();
  const client = new SNSClient({ ...awsOptions(config, endpointOf(config)), requestHandler: createHandler(agent, exchanges) });
  return {
    name,
    async close() {
      client.destroy();
      agent.destroy();
    },
    async send(message, signal, onWritten) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      const exchange: Exchange = { bounded, onWritten };
      const abortSignal = new AbortController().signal;
      exchanges.set(abortSignal, exchange);
      try {
        await within(bounded, client.config.credentials());
        return readResponse(await client.send(new PublishCommand(buildRequest(message, config)), { abortSignal }));
      } catch (error) {
        return readFailure(error, exchange.answer);
      }
    },
  };
}

/**
 * `Transactional`: delivered with priority. The attributes of India's DLT do no harm elsewhere.
 * https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
 */
export function buildRequest({ to, text }: Message, { senderId, entityId, templateId }: SnsConfig): PublishCommandInput {
  const attributes = {
    "AWS.SNS.SMS.SMSType": "Transactional",
    "AWS.SNS.SMS.SenderID": senderId,
    "AWS.MM.SMS.EntityId": entityId,
    "AWS.MM.SMS.TemplateId": templateId,
  };
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return {
    PhoneNumber: to,
    Message: text,
    MessageAttributes: Object.fromEntries(given.map(([name, StringValue]) => [name, { DataType: "String", StringValue }])),
  };
}

/** A message that SNS took has an id; what cannot be read may be one that it took. */
export function readResponse({ MessageId, $metadata }: PublishCommandOutput): SendResult {
  if (MessageId !== undefined && /^[0-9a-f-]{32,36}$/i.test(MessageId)) return { outcome: "accepted", reference: MessageId };
  return unclear(`http_${$metadata.httpStatusCode ?? 0}`);
}

export const endpointOf = ({ region, baseUrl }: Pick<SnsConfig, "region" | "baseUrl">): string => baseUrl ?? awsEndpoint("sns", region);

function readFailure(error: unknown, answer: HttpAnswer | undefined): SendResult {
  if (error instanceof NoAnswer) return readNoAnswer(error);
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  // An answer that says nothing has no code: the SDK calls it Unknown, or fails to read it.
  const says = error instanceof Error && "$fault" in error && name !== "Unknown";
  if (answer) return readError({ code: says ? name.replace(/Exception$/, "") : "", message, status: answer.status });
  // Neither credentials nor a signature were to be had, so nothing left.
  return { outcome: "permanent", failure: "credentials_refused", vendorCode: name };
}

/**
 * The SDK says what to send and signs it. It does not carry it: its own handler reads bodies of any size, and does not tell a request
 * that never left from one whose answer was lost.
 */
const createHandler = (agent: http.Agent, exchanges: Exchanges) => ({
  async handle(request: SignedRequest, { abortSignal }: { abortSignal?: unknown } = {}) {
    const exchange = abortSignal instanceof AbortSignal ? exchanges.get(abortSignal) : undefined;
    if (!exchange) throw new TypeError("a request needs the signal of its message");
    const answer = await postOnce({ ...toPost(request), agent, signal: exchange.bounded, onWritten: exchange.onWritten });
    exchange.answer = answer;
    return { response: { statusCode: answer.status, headers: {}, body: Buffer.from(answer.body) } };
  },
});
