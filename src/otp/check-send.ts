import type { SendCodeRequest } from "./challenge.ts";
import { checkEntries, checkKey, checkPurpose, checkText, invalid, maxBinding, type Violations } from "./check.ts";
import type { OtpDeps } from "./deps.ts";
import type { ChannelRoute, UncheckedWording } from "./ports.ts";
import { allowed, type Result } from "./refusal.ts";
import type { Application, Caller, Channel, Recipient } from "./types.ts";

/** A send that can be made: one recipient in canonical form, the channel to use, a purpose and a language. */
export type CheckedSend = {
  readonly recipient: Recipient;
  readonly recipientKey: string;
  /** The channel to use, and those to try where nobody takes the message. */
  readonly routes: readonly [ChannelRoute, ...ChannelRoute[]];
  readonly purpose: string;
  readonly locale: string;
  /** Of the user that the recipient belongs to. */
  readonly subjectKey?: string;
};

export function checkSend(deps: OtpDeps, request: SendCodeRequest, caller: Caller): Result<CheckedSend> {
  const { application } = caller;
  const violations: Violations = [];
  const purpose = checkFields(violations, request, application);
  const parsed = parseRecipient(deps, violations, request.recipient, application);
  const routes = parsed ? chooseRoutes(deps, violations, request.channels, parsed.recipient, application) : [];
  const subjectKey = checkSubject(deps, violations, request.subject, caller);
  const locale = request.locale || application.defaultLocale;
  const { binding, templateVariables: variables } = request;
  if (violations.length === 0) checkWording(violations, routes, { application, purpose, locale, binding, variables });
  if (request.automaticFallback && routes.length < 2)
    violations.push({ field: "automatic_fallback", description: "name two channels or more in `channels`, the most wanted first" });
  // A message that follows by itself, or does not, would show to a browser whether there had been a first one.
  if (request.automaticFallback && caller.kind !== "service")
    violations.push({
      field: "automatic_fallback",
      description: "only services may ask for it; leave it out, and let the person ask again",
    });
  const [route, ...others] = routes;
  if (violations.length > 0 || !parsed || !route) return invalid(violations);
  const { recipient, key: recipientKey } = parsed;
  return allowed({ recipient, recipientKey, routes: [route, ...others], purpose, locale, ...(subjectKey !== undefined && { subjectKey }) });
}

/** All that does not depend on the recipient. Gives the purpose. */
export function checkFields(violations: Violations, request: SendCodeRequest, application: Application): string {
  checkPurpose(violations, request.purpose);
  const purpose = request.purpose || application.defaultPurpose;
  if (violations.length === 0 && application.purposes !== "any" && !application.purposes.includes(purpose))
    violations.push({ field: "purpose", description: `use one of the application's purposes: ${application.purposes.join(", ")}` });
  checkEntries(violations, "binding", request.binding, maxBinding);
  checkEntries(violations, "template_variables", request.templateVariables, { entries: 16, value: 140 });
  checkKey(violations, "idempotency_key", request.idempotencyKey);
  checkText(violations, "captcha_token", request.captchaToken, 4096);
  checkLocale(violations, request.locale);
  checkAutofill(violations, request.autofill, application);
  checkClient(violations, request.client);
  return purpose;
}

/** The route of one channel, if the application may use it and it reaches this kind of recipient. */
export function routeOf(deps: OtpDeps, channel: Channel, kind: Recipient["kind"], application: Application): ChannelRoute | undefined {
  const route = application.channels.includes(channel) ? deps.routes.get(channel) : undefined;
  return route?.reaches.includes(kind) ? route : undefined;
}

/** What a caller may write for the channels of a recipient, for error messages. */
export function usableChannels(deps: OtpDeps, kind: Recipient["kind"], application: Application): string {
  const usable = application.channels.filter((channel) => routeOf(deps, channel, kind, application));
  return usable.length > 0 ? usable.map((channel) => `CHANNEL_${channel.toUpperCase()}`).join(", ") : "none";
}

function parseRecipient(deps: OtpDeps, violations: Violations, recipient: Recipient | undefined, application: Application) {
  if (!recipient) {
    violations.push({ field: "recipient", description: "set phone_number, email_address or subject" });
    return undefined;
  }
  const parsed = deps.parseRecipient(recipient, application);
  if (parsed.ok) return parsed;
  violations.push(parsed.violation);
  return undefined;
}

/** Whoever names a subject has its wrong guesses forgiven by being right elsewhere, so it must be somebody who knows whose the recipient is. */
function checkSubject(deps: OtpDeps, violations: Violations, value: string, { application, kind }: Caller): string | undefined {
  if (value === "") return undefined;
  const parsed = deps.parseRecipient({ kind: "subject", value }, application);
  if (!parsed.ok) violations.push({ ...parsed.violation, field: "subject" });
  if (kind !== "service") violations.push({ field: "subject", description: "only services may name one; leave it out" });
  return parsed.ok ? parsed.key : undefined;
}

/** Every channel that was named may have to carry the message, so each must be able to say it. */
function checkWording(violations: Violations, routes: readonly ChannelRoute[], send: UncheckedWording): void {
  const found = new Map(routes.flatMap((route) => route.check(send)).map((violation) => [violation.field, violation]));
  violations.push(...found.values());
}

function chooseRoutes(
  deps: OtpDeps,
  violations: Violations,
  wanted: readonly Channel[],
  { kind }: Recipient,
  application: Application,
): ChannelRoute[] {
  if (wanted.length > 8) violations.push({ field: "channels", description: `at most 8 channels, please; these are ${wanted.length}` });
  if (new Set(wanted).size < wanted.length) violations.push({ field: "channels", description: "name each channel once" });
  const candidates =
    wanted.length > 0
      ? wanted.slice(0, 8)
      : application.channels.filter((channel) => routeOf(deps, channel, kind, application)).slice(0, 1);
  const routes = candidates.map((channel) => routeOf(deps, channel, kind, application));
  for (const [index, route] of routes.entries()) {
    if (!route)
      violations.push({
        field: `channels[${index}]`,
        description: `not available here for this recipient; available: ${usableChannels(deps, kind, application)}`,
      });
  }
  if (routes.length === 0)
    violations.push({ field: "recipient", description: "no channel of this application reaches this kind of recipient" });
  return routes.filter((route) => route !== undefined);
}

function checkLocale(violations: Violations, locale: string): void {
  if (locale !== "" && !(locale.length <= 35 && isLanguageTag(locale)))
    violations.push({ field: "locale", description: "use a BCP 47 language tag such as en or de-CH" });
}

function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function checkAutofill(violations: Violations, autofill: SendCodeRequest["autofill"], application: Application): void {
  const { androidAppHash, webOrigin } = autofill;
  if (androidAppHash !== "" && !application.autofill.androidAppHashes.includes(androidAppHash))
    violations.push({
      field: "autofill.android_app_hash",
      description: "list this hash in the application's autofill.androidAppHashes first",
    });
  if (webOrigin !== "" && !application.autofill.webOrigins.includes(webOrigin))
    violations.push({ field: "autofill.web_origin", description: "list this domain in the application's autofill.webOrigins first" });
}

function checkClient(violations: Violations, client: SendCodeRequest["client"]): void {
  if (client.ipAddress !== "" && !isIpAddress(client.ipAddress))
    violations.push({ field: "client.ip_address", description: "use an IPv4 or IPv6 address such as 203.0.113.7 or 2001:db8::7" });
  checkText(violations, "client.device_id", client.deviceId, 128);
  checkText(violations, "client.user_agent", client.userAgent, 512);
}

/** The URL parser knows every form of IPv6; for IPv4 it knows too many (octal, hexadecimal, fewer parts), hence the pattern. */
function isIpAddress(text: string): boolean {
  if (/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text)) return true;
  return text.length <= 45 && /^[0-9A-Fa-f:.]+$/.test(text) && URL.canParse(`http://[${text}]/`);
}
