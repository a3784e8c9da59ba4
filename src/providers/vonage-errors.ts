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
import type { JsonObject } from "./vendor-json.ts";

/**
 * Numbers: https://developer.vonage.com/en/api-errors/messages; most come with delivery reports, but may come with the answer too.
 * Words: https://developer.vonage.com/en/api-errors. The Voice API documents no codes; its answers are read by their status.
 */
const refusals: ReadonlyMap<string, Refused> = new Map([
  ["1000", throttled], // submission capacity exceeded
  ["1022", contentRefused], // invalid template or template parameters
  ["1050", recipientRefused], // number barred
  ["1060", credentialsRefused], // partner account barred
  ["1070", fundsExhausted], // quota exceeded
  ["1080", credentialsRefused], // account not enabled for REST
  ["1090", contentRefused], // message too long
  ["1120", senderRefused], // illegal sender address
  ["1140", credentialsRefused], // facility not enabled on the account
  ["1160", senderRefused], // destination not in the list of a trial account
  ["1170", recipientRefused], // `to` missing or invalid
  ["1190", recipientRefused], // subscriber no longer active
  ["1210", contentRefused], // anti-spam rejection
  ["1240", recipientOptedOut], // has sent STOP
  ["1241", throttled], // too many send requests to phone numbers
  ["1242", senderRefused], // number pool does not exist
  ["1250", senderRefused], // unroutable
  ["1251", senderRefused], // no route to the destination's network
  ["1270", recipientRefused], // subscriber age restriction
  ["1282", contentRefused], // rejected by the provider for policy or content
  ["1300", recipientRefused], // not a user of the network
  ["1310", recipientRefused], // device cannot receive the message
  ["1340", contentRefused], // outside of the allowed window
  ["1420", senderRefused], // invalid sender
  ["1430", recipientRefused], // invalid recipient
  ["1440", contentRefused], // message type not supported by the channel
  ["1460", throttled], // daily message limit exceeded
  ["1470", senderRefused], // Fraud Defender: traffic rule
  ["1472", throttled], // Fraud Defender: SMS burst protection
  ["1473", senderRefused], // Fraud Defender: artificially inflated traffic
  ["1474", senderRefused], // Fraud Defender: country
  ["1475", senderRefused], // Fraud Defender: network
  ["1476", senderRefused], // do-not-originate list
  ["1480", contentRefused], // entity filter: entity_id
  ["1481", senderRefused], // header filter: sender
  ["1482", contentRefused], // content filter: content_id
  ["1483", senderRefused], // consent filter
  ["1484", senderRefused], // authentication or compliance failure
  ["low-balance", fundsExhausted],
  ["unauthorized", credentialsRefused],
  ["forbidden", credentialsRefused],
  ["not-found", credentialsRefused],
  ["unprovisioned", credentialsRefused],
  ["account-suspended", credentialsRefused],
  ["application-suspended", credentialsRefused],
  ["jwt-expired", credentialsRefused],
  ["jwt-revoked", credentialsRefused],
  ["invalid-api-key", credentialsRefused],
  ["invalid-signature", credentialsRefused],
  ["invalid-ip", credentialsRefused],
  ["throttled", throttled],
  ["unavailable-legal", senderRefused],
]);

export function readRefusal(status: number, problem: JsonObject): SendResult {
  const code = codeOf(problem);
  const known = code === undefined || status === 429 ? undefined : refusals.get(code);
  return { ...(known ?? refusedByStatus(status)), vendorCode: code ?? `http_${status}` };
}

/** A problem of RFC 7807 whose type is the address of the documentation, with the code behind its `#`. */
export function codeOf({ type, title }: JsonObject): string | undefined {
  const fragment = typeof type === "string" ? /#([\w-]{1,40})$/.exec(type)?.[1] : undefined;
  return fragment ?? (/^\d{4}$/.test(String(title)) ? String(title) : undefined);
}
