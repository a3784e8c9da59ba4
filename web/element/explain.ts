/** A failure in the reader's words: from its reason, never from the service's own text, which is for developers. */
import { type Failure, noAnswer, notSent } from "./failure.ts";
import { fill, fromNow, plural } from "./format.ts";
import type { Kind } from "./machine.ts";
import type { Texts } from "./texts.ts";

export type Reader = { readonly texts: Texts; readonly locale: string };
export type About = { readonly kind: Kind; readonly codeLength?: number };

export function explain(failure: Failure, about: About, { texts, locale }: Reader): string {
  const { problems } = texts;
  const { metadata, retryAfterMs } = failure;
  const left = metadata.attempts_remaining === undefined ? "" : plural(texts.attempts, Number(metadata.attempts_remaining), locale);
  const when = retryAfterMs === undefined ? "" : fill(problems.when, { when: fromNow(retryAfterMs, locale) });
  return [whatHappened(failure, about, { texts, locale }), left, when].filter(Boolean).join(" ");
}

function whatHappened({ reason, metadata, fields }: Failure, { kind, codeLength = 0 }: About, { texts, locale }: Reader): string {
  const { problems } = texts;
  switch (reason) {
    case "CODE_MISMATCH":
    case "BINDING_MISMATCH":
      return problems.wrong;
    case "TOO_MANY_ATTEMPTS":
      return metadata.scope === "recipient" ? problems.locked : texts.over.exhausted;
    case "RATE_LIMITED":
      return metadata.scope === "challenge" ? texts.noMore : problems.tooMany;
    case "RESEND_COOLDOWN":
      return problems.tooMany;
    case "DELIVERY_FAILED":
      return problems.undelivered;
    case "RECIPIENT_NOT_ALLOWED":
      return problems.recipient[kind];
    case "UNAUTHENTICATED":
    case "CALLER_NOT_ALLOWED":
    case "CAPTCHA_REQUIRED":
      return problems.setUp;
    case noAnswer:
    case "DEADLINE_EXCEEDED":
      return problems.offline;
    case notSent:
    case "INVALID_ARGUMENT":
      return fields.includes("code") ? plural(problems.short, codeLength, locale) : malformed(fields, kind, texts);
    default:
      return isOver(reason, texts) ?? problems.other;
  }
}

/** A field that the person did not fill in was filled in wrong by the page. */
const malformed = (fields: readonly string[], kind: Kind, { problems }: Texts): string =>
  fields.some((field) => field.startsWith("recipient")) ? problems.recipient[kind] : problems.setUp;

function isOver(reason: string, { over }: Texts): string | undefined {
  const ends: Readonly<Record<string, string>> = {
    CODE_EXPIRED: over.expired,
    CODE_ALREADY_USED: over.used,
    CHALLENGE_CANCELED: over.canceled,
    CHALLENGE_NOT_FOUND: over.gone,
  };
  return ends[reason];
}
