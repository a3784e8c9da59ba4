import { type Answer, failure, internalError, invalidParameter, notFound, unavailable } from "./answer.ts";
import type { Refusal } from "./countersign.ts";

/** Whether the request may have taken effect all the same. */
export const isAmbiguous = ({ reason }: Refusal): boolean =>
  ["UNREACHABLE", "DEADLINE_EXCEEDED", "STORE_UNAVAILABLE", "INTERNAL", "REQUEST_IN_PROGRESS", "SHUTTING_DOWN"].includes(reason);

/** The challenge can neither be verified nor sent again; a new one may be opened. A locked recipient is something else. */
export const isOver = ({ reason, metadata }: Refusal): boolean =>
  ["CODE_EXPIRED", "CODE_ALREADY_USED", "CHALLENGE_CANCELED", "CHALLENGE_NOT_FOUND"].includes(reason) ||
  (reason === "TOO_MANY_ATTEMPTS" && metadata.scope === "challenge");

/** The service's "no" in Twilio's words. `path` is what was asked for. */
export function answerRefusal(refusal: Refusal, path: string): Answer {
  const { reason, retryAfterMs } = refusal;
  const extra = { retryAfterMs, cause: reason };
  switch (reason) {
    case "INVALID_ARGUMENT":
      return invalid(refusal);
    case "CODE_EXPIRED":
    case "CODE_ALREADY_USED":
    case "CHALLENGE_CANCELED":
    case "CHALLENGE_NOT_FOUND":
      return { ...notFound(path), cause: reason };
    case "TOO_MANY_ATTEMPTS":
      return failure({ status: 429, code: 60202, message: `Max check attempts reached: ${refusal.message}` }, extra);
    case "RESEND_COOLDOWN":
      return failure(
        { status: 429, code: 60203, message: `Max send attempts reached: too soon for another message${wait(retryAfterMs)}` },
        extra,
      );
    case "RATE_LIMITED":
      return rateLimited(refusal);
    case "RECIPIENT_NOT_ALLOWED":
      return failure({ ...blocked(refusal.metadata.cause), status: 403 }, extra);
    case "CAPTCHA_REQUIRED":
      return failure({ status: 403, code: 60410, message: "Verification delivery attempt blocked: a captcha is required" }, extra);
    case "DELIVERY_FAILED":
      return failure({ status: 503, code: 20503, message: `Nobody could deliver the message${wait(retryAfterMs)}` }, extra);
    case "UNAUTHENTICATED":
    case "CALLER_NOT_ALLOWED":
    case "INTERNAL":
      return internalError(reason);
    default:
      return isAmbiguous(refusal) ? unavailable(reason, retryAfterMs) : internalError(reason);
  }
}

function rateLimited({ metadata, message, retryAfterMs }: Refusal): Answer {
  const own = metadata.scope === "challenge" || metadata.scope === "recipient";
  const extra = { retryAfterMs, cause: "RATE_LIMITED" };
  if (own) return failure({ status: 429, code: 60203, message: `Max send attempts reached: ${message}${wait(retryAfterMs)}` }, extra);
  return failure({ status: 429, code: 20429, message: `Too many requests${wait(retryAfterMs)}` }, extra);
}

function blocked(cause: string | undefined): { readonly code: number; readonly message: string } {
  if (cause === "country")
    return { code: 60605, message: "Verification delivery attempt blocked: the application sends nothing to this country" };
  if (cause === "number_type") return { code: 60205, message: "The application sends nothing to this type of number by this channel" };
  return { code: 60410, message: "Verification delivery attempt blocked" };
}

/** What callers write for a field of ours, by its beginning. */
const parameters: readonly (readonly [field: string, parameter: string])[] = [
  ["recipient", "To"],
  ["channel", "Channel"],
  ["code", "Code"],
  ["locale", "Locale"],
  ["binding", "Amount` or `Payee"],
  ["template_variables", "TemplateCustomSubstitutions"],
  ["autofill", "AppHash"],
  ["client.ip_address", "DeviceIp"],
  ["client", "RateLimits"],
];

function invalid({ violations, message }: Refusal): Answer {
  const [first] = violations;
  const [, parameter] = parameters.find(([field]) => first?.field.startsWith(field)) ?? [];
  if (!first || parameter === undefined) return { ...internalError(`INVALID_ARGUMENT ${message}`) };
  return { ...invalidParameter(parameter, first.description), cause: "INVALID_ARGUMENT" };
}

const wait = (ms: number | undefined): string => (ms === undefined ? "" : `; try again in ${Math.ceil(ms / 1_000)} s`);
