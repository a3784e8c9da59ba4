import type { SendResult } from "../otp/ports.ts";
import {
  credentialsRefused,
  isRefusal,
  type Refused,
  recipientOptedOut,
  recipientRefused,
  refusedByStatus,
  throttled,
  unclear,
} from "./refused.ts";

/** What the SDK makes of an answer that is no success. */
export type SnsError = { readonly code: string; readonly message: string; readonly status: number };

/**
 * https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors (the SDK adds "Exception" to some) and
 * https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html
 */
const refusals: ReadonlyMap<string, Refused> = new Map([
  ["AccessDenied", credentialsRefused],
  ["AuthorizationError", credentialsRefused], // denied access to the requested resource
  ["IncompleteSignature", credentialsRefused],
  ["InvalidClientTokenId", credentialsRefused], // no such access key
  ["InvalidSecurity", credentialsRefused], // the signature is not valid
  ["MissingAuthenticationToken", credentialsRefused],
  ["NotAuthorized", credentialsRefused],
  ["OptInRequired", credentialsRefused], // the access key needs a subscription for the service
  ["RequestExpired", credentialsRefused], // more than 15 minutes from their clock
  ["OptedOut", recipientOptedOut], // the number opted out of receiving messages from this account
  ["Throttled", throttled],
  ["Throttling", throttled],
]);

/** Publishing has no idempotency key for text messages: a server's error may come after it took the message. */
export function readError({ code, message, status }: SnsError): SendResult {
  const vendorCode = /^\w{1,64}$/.test(code) ? code : `http_${status}`;
  if (!isRefusal(status)) return unclear(vendorCode);
  return { ...(refusals.get(code) ?? invalidParameter(code, message) ?? refusedByStatus(status)), vendorCode };
}

/** The code does not say which parameter, the text begins with it (https://github.com/aws/aws-sdk-js/issues/1368). */
const invalidParameter = (code: string, message: string): Refused | undefined =>
  code === "InvalidParameter" && message.startsWith("Invalid parameter: PhoneNumber ") ? recipientRefused : undefined;
