import { type KeyObject, verify } from "node:crypto";
import type { JsonObject } from "./vendor-json.ts";

/** What SNS sends to subscribers (https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html). */
export type Envelope = Readonly<Record<(typeof required)[number], string>> & Readonly<Partial<Record<(typeof optional)[number], string>>>;

const required = ["Type", "MessageId", "TopicArn", "Message", "Timestamp", "SignatureVersion", "Signature", "SigningCertURL"] as const;
const optional = ["Subject", "SubscribeURL", "Token"] as const;

/** Undefined for what lacks a field, or has one that is no text. */
export function parseEnvelope(fields: JsonObject): Envelope | undefined {
  const isText = (name: string) => typeof fields[name] === "string";
  if (!required.every(isText) || !optional.every((name) => fields[name] === undefined || fields[name] === null || isText(name)))
    return undefined;
  const present = [...required, ...optional].filter(isText);
  return Object.fromEntries(present.map((name) => [name, fields[name]])) as Envelope;
}

/**
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html: names and values in this
 * order, a line each. Version 1 is SHA-1 with RSA, and still the default of a topic; version 2 is SHA-256.
 */
export function readEnvelope(envelope: Envelope, key: KeyObject): boolean {
  const algorithm = algorithms.get(envelope.SignatureVersion);
  if (algorithm === undefined) return false;
  const names = envelope.Type === "Notification" ? ofNotification : ofConfirmation;
  const signed = names.flatMap((name) => (envelope[name] === undefined ? [] : [name, envelope[name]]));
  return verify(algorithm, Buffer.from(`${signed.join("\n")}\n`), key, Buffer.from(envelope.Signature, "base64"));
}

const algorithms: ReadonlyMap<string, string> = new Map([
  ["1", "RSA-SHA1"],
  ["2", "RSA-SHA256"],
]);

const ofNotification = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"] as const;
const ofConfirmation = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"] as const;
