import type { SendResult } from "../otp/ports.ts";
import {
  contentRefused,
  credentialsRefused,
  fundsExhausted,
  type Refused,
  recipientOptedOut,
  recipientRefused,
  refusedByStatus,
  senderRefused,
  throttled,
} from "./refused.ts";

/**
 * Twilio's own codes. Each is documented at https://www.twilio.com/docs/api/errors/CODE; the remark is the page's title, shortened.
 * The 30xxx come with delivery reports in the main, but may come with the answer too.
 */
const refusals: ReadonlyMap<number, Refused> = new Map([
  [10001, fundsExhausted], // account is not active: for lack of funds, in the main
  [10002, senderRefused], // trial accounts do not support the feature
  [10004, throttled], // call concurrency limit exceeded
  [10005, senderRefused], // voice calling has been disabled for this account
  [14107, throttled], // message rate limit exceeded
  [20003, credentialsRefused], // permission denied: authentication
  [20005, fundsExhausted], // account not active: out of funds
  [20006, credentialsRefused], // access denied
  [20008, credentialsRefused], // test credentials
  [20010, credentialsRefused], // action disabled for account
  [20403, credentialsRefused], // forbidden
  [20404, credentialsRefused], // not found: no such account
  [20429, throttled], // too many requests: never processed, safe to retry
  [21202, recipientRefused], // called number is a premium number
  [21203, senderRefused], // international calling not enabled
  [21210, senderRefused], // 'From' phone number not verified
  [21211, recipientRefused], // invalid 'To' phone number
  [21212, senderRefused], // invalid 'From' number
  [21213, senderRefused], // caller phone number is required
  [21214, recipientRefused], // 'To' phone number cannot be reached
  [21215, senderRefused], // geo permission configuration is not permitting call
  [21216, senderRefused], // call blocked by Twilio
  [21217, recipientRefused], // phone number does not appear to be valid
  [21219, senderRefused], // 'To' phone number not verified: trial account
  [21264, senderRefused], // 'From' phone number not verified
  [21265, recipientRefused], // 'To' number cannot be a short code
  [21266, recipientRefused], // 'To' and 'From' numbers cannot be the same
  [21267, senderRefused], // alphanumeric sender id on a trial account
  [21268, recipientRefused], // premium rate or information service number
  [21408, senderRefused], // permissions disabled for the destination region
  [21472, fundsExhausted], // account is not active
  [21601, senderRefused], // not an SMS-capable number of the account
  [21602, contentRefused], // message body is required
  [21603, senderRefused], // 'From' or 'MessagingServiceSid' is required
  [21606, senderRefused], // 'From' is not a message-capable number of this account
  [21607, senderRefused], // 'From' must be the sandbox number: trial account
  [21608, senderRefused], // 'To' number not yet verified: trial account
  [21610, recipientOptedOut], // attempt to send to unsubscribed recipient
  [21611, throttled], // 'From' has too many queued messages
  [21612, senderRefused], // this combination of 'To' and 'From' cannot be sent
  [21614, recipientRefused], // 'To' is not a valid mobile number
  [21617, contentRefused], // body exceeds the 1600 character limit
  [21618, contentRefused], // the message body cannot be sent
  [21619, contentRefused], // a message body is required
  [21635, recipientRefused], // 'To' number cannot be a landline
  [21654, contentRefused], // ContentSid required
  [21655, contentRefused], // the ContentSid is invalid
  [21656, contentRefused], // the ContentVariables parameter is invalid
  [21657, senderRefused], // the sender id is invalid
  [21659, senderRefused], // 'From' is not a Twilio number, or short code of another country
  [21660, senderRefused], // mismatch between the 'From' number and the account
  [21661, senderRefused], // 'From' number is not SMS-capable
  [21662, senderRefused], // this 'From' and 'To' cannot be used in the Ireland region
  [21663, senderRefused], // 'From' phone number routing configuration is incorrect
  [21668, senderRefused], // number type not supported in the Ireland region
  [21701, senderRefused], // the messaging service does not exist
  [21702, senderRefused], // the messaging service is not available
  [21703, senderRefused], // the messaging service has no number available
  [21704, senderRefused], // the messaging service contains no phone numbers
  [21705, senderRefused], // the messaging service is invalid
  [30001, throttled], // queue overflow
  [30002, fundsExhausted], // account suspended
  [30003, recipientRefused], // unreachable destination handset
  [30004, recipientRefused], // message blocked
  [30005, recipientRefused], // unknown destination handset
  [30006, recipientRefused], // landline or unreachable carrier
  [30007, contentRefused], // message filtered
  [30016, senderRefused], // 'To' and 'From' channel types are incompatible
  [30022, throttled], // US A2P 10DLC rate limits exceeded
  [30042, senderRefused], // the sender id is blocked as generic
  [63002, senderRefused], // channel could not find the 'From' address
  [63003, recipientRefused], // channel could not find the 'To' address
  [63007, senderRefused], // no channel with the specified 'From' address
  [63008, senderRefused], // channel module misconfigured
  [63016, contentRefused], // outside of the messaging window: not a template
  [63018, throttled], // rate limit exceeded for the channel
  [63021, contentRefused], // channel invalid content
  [63024, recipientRefused], // WhatsApp's 1026: the receiver cannot take it (https://www.twilio.com/docs/whatsapp/tutorial/error-codes)
  [63028, contentRefused], // number of parameters does not match the template
  [63031, recipientRefused], // the same 'From' and 'To'
]);

/** What a refusal means; an answer of this kind says that nothing was sent. */
export function readRefusal(status: number, code: number | undefined): SendResult {
  const vendorCode = code === undefined ? `http_${status}` : String(code);
  const known = code === undefined ? undefined : refusals.get(code);
  // A request answered with 429 is never processed (https://www.twilio.com/docs/api/errors/20429).
  if (status === 429) return { ...throttled, vendorCode };
  return { ...(known ?? refusedByStatus(status)), vendorCode };
}
