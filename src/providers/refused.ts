import type { DeliveryFailure, SendResult } from "../otp/ports.ts";

/** What a vendor said of a message that it did not take: nothing was sent. */
export type Refused = { readonly outcome: "retryable" | "permanent"; readonly failure: DeliveryFailure };

const permanent = (failure: DeliveryFailure): Refused => ({ outcome: "permanent", failure });

export const recipientRefused = permanent("recipient_refused");
export const recipientOptedOut = permanent("recipient_opted_out");
export const senderRefused = permanent("sender_refused");
export const contentRefused = permanent("content_refused");
export const credentialsRefused = permanent("credentials_refused");
export const fundsExhausted = permanent("funds_exhausted");
export const throttled: Refused = { outcome: "retryable", failure: "throttled" };

/**
 * What a status says by itself (RFC 9110, section 15.5; 429: RFC 6585, section 4), for a vendor that gave no reason we know. The
 * safe default: this provider will not take the message, another one may.
 */
export function refusedByStatus(status: number): Refused {
  if (status === 401 || status === 403 || status === 404) return credentialsRefused;
  if (status === 402) return fundsExhausted;
  return status === 429 ? throttled : permanent("provider_error");
}

/** An answer from which nothing follows: a server's error may come after it took the message, and so may a redirect. */
export const unclear = (vendorCode: string): SendResult => ({ outcome: "unknown", failure: "provider_error", vendorCode });

/** Whether a status says that nothing was done. After 408 a server gave up waiting, perhaps not before it had the whole request. */
export const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408;
