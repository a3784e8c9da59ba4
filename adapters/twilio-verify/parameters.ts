import { isIP } from "node:net";
import { parseEmailAddress } from "../../src/channels/email-address.ts";
import { parsePhoneNumber } from "../../src/channels/phone-number.ts";
import { Channel } from "../../src/gen/countersign/v1/code_service_pb.js";
import { type Answer, invalidParameter } from "./answer.ts";

/** Checked, or the answer that says what is wrong. */
export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: Answer };
export type Names = { readonly ip: string | undefined; readonly device: string | undefined };

export type To = { readonly kind: "phone" | "email"; readonly value: string; readonly key: string };
export type Binding = { readonly amount: string; readonly payee: string };
export type SendParameters = Binding & {
  readonly to: To;
  /** Unspecified for `auto`: the application's default. */
  readonly channel: Channel;
  readonly locale: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly appHash: string;
  readonly client: { readonly ipAddress: string; readonly deviceId: string };
};

/**
 * What Countersign does not offer and what would be wrong without it, with the reason. Refused, so that nobody believes it happened,
 * unless ADAPTER_IGNORE names it. CustomCode is always refused: a code that the caller chose would not be the one that is sent.
 */
const notOffered = new Map([
  ["TemplateSid", "wording is set in Countersign's configuration"],
  ["Templates", "wording is set in Countersign's configuration"],
  ["CustomMessage", "wording is set in Countersign's configuration"],
  ["SendDigits", "calls do not dial extensions"],
  ["ChannelConfiguration", "senders are set in Countersign's configuration"],
  ["EnableSnaClientToken", "silent network authentication is not offered"],
]);
export const refusable: ReadonlySet<string> = new Set(notOffered.keys());

const channels: Readonly<Record<string, Channel>> = {
  sms: Channel.SMS,
  call: Channel.VOICE,
  email: Channel.EMAIL,
  whatsapp: Channel.WHATSAPP,
  auto: Channel.UNSPECIFIED,
};

const wrong = (name: string, why: string) => ({ ok: false, answer: invalidParameter(name, why) }) as const;

export function readSend(form: URLSearchParams, names: Names, ignore: ReadonlySet<string>): Checked<SendParameters> {
  const refused = [...notOffered].find(([name]) => form.get(name) && !ignore.has(name));
  if (form.get("CustomCode")) return wrong("CustomCode", "Countersign makes every code itself; leave it out");
  if (refused) return wrong(refused[0], `not offered: ${refused[1]}; leave it out, or have it ignored by ADAPTER_IGNORE`);
  const to = readTo(form);
  const channel = channels[form.get("Channel") ?? ""];
  const client = readClient(form, names);
  const variables = readVariables(form);
  if (!to.ok) return to;
  if (channel === undefined) return wrong("Channel", "write sms, call, email, whatsapp or auto");
  if (!client.ok) return client;
  if (!variables.ok) return variables;
  const given = { locale: form.get("Locale") ?? "", appHash: form.get("AppHash") ?? "", ...readBinding(form) };
  return { ok: true, value: { to: to.value, channel, client: client.value, variables: variables.value, ...given } };
}

/** In one spelling: records are found by it. Twilio wants E.164 too. */
export function readTo(form: URLSearchParams): Checked<To> {
  const text = form.get("To") ?? "";
  if (text === "") return wrong("To", "write a phone number in E.164 or an email address");
  const kind = text.includes("@") ? "email" : "phone";
  const parsed = kind === "email" ? parseEmailAddress(text, false) : parsePhoneNumber(text, undefined);
  if ("problem" in parsed) return wrong("To", parsed.problem);
  return { ok: true, value: { kind, value: parsed.value, key: `${kind}:${parsed.key}` } };
}

export const readBinding = (form: URLSearchParams): Binding => ({ amount: form.get("Amount") ?? "", payee: form.get("Payee") ?? "" });

export function bindingOf({ amount, payee }: Binding): Record<string, string> {
  return { ...(amount && { amount }), ...(payee && { payee }) };
}

/** The end user's address and device: `DeviceIp`, and the rate limits that the settings name. Another rate limit would not be kept. */
function readClient(form: URLSearchParams, names: Names): Checked<SendParameters["client"]> {
  const limits = readObject(form, "RateLimits");
  if (!limits.ok) return limits;
  const stranger = Object.keys(limits.value).find((name) => name !== names.ip && name !== names.device);
  if (stranger !== undefined) {
    return wrong(
      "RateLimits",
      `no limit is kept by ${JSON.stringify(stranger)}; name it in ADAPTER_RATE_LIMIT_IP or _DEVICE, or leave it out`,
    );
  }
  const of = (name: string | undefined): string => (name === undefined ? "" : (limits.value[name] ?? ""));
  const ipAddress = form.get("DeviceIp") || of(names.ip);
  if (ipAddress && !isIP(ipAddress)) return wrong(form.get("DeviceIp") ? "DeviceIp" : "RateLimits", "write an IPv4 or IPv6 address");
  return { ok: true, value: { ipAddress, deviceId: of(names.device) } };
}

/** `CustomFriendlyName` is a variable too, which wording may mention. */
function readVariables(form: URLSearchParams): Checked<Record<string, string>> {
  const variables = readObject(form, "TemplateCustomSubstitutions");
  const friendlyName = form.get("CustomFriendlyName") ?? "";
  if (friendlyName.length > 30) return wrong("CustomFriendlyName", "write at most 30 characters");
  if (!variables.ok || !friendlyName) return variables;
  return { ok: true, value: { ...variables.value, friendly_name: friendlyName } };
}

function readObject(form: URLSearchParams, name: string): Checked<Record<string, string>> {
  try {
    const object: unknown = JSON.parse(form.get(name) || "{}");
    if (typeof object === "object" && object !== null && !Array.isArray(object)) {
      return { ok: true, value: Object.fromEntries(Object.entries(object).map(([key, value]) => [key, String(value)])) };
    }
  } catch {}
  return wrong(name, "write an object in JSON");
}
