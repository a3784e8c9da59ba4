import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import { type Challenge, ChallengeState, Channel } from "../../src/gen/countersign/v1/code_service_pb.js";
import type { Crypt, Details, Owner, VerificationRecord } from "./records.ts";
import { sidOf } from "./records.ts";

const statuses: Readonly<Record<ChallengeState, string>> = {
  [ChallengeState.UNSPECIFIED]: "failed",
  [ChallengeState.PENDING]: "pending",
  [ChallengeState.VERIFIED]: "approved",
  [ChallengeState.EXPIRED]: "expired",
  [ChallengeState.CANCELED]: "canceled",
  [ChallengeState.EXHAUSTED]: "max_attempts_reached",
};

const channelNames = new Map([
  [Channel.SMS, "sms"],
  [Channel.VOICE, "call"],
  [Channel.EMAIL, "email"],
  [Channel.WHATSAPP, "whatsapp"],
]);

export const channelName = (channel: Channel): string => channelNames.get(channel) ?? "sms";

type Shown = { readonly owner: Owner; readonly record: VerificationRecord; readonly details: Details; readonly baseUrl: string };

/** A Verification as Twilio shows it (https://www.twilio.com/docs/verify/api/verification). */
export function viewVerification(challenge: Challenge, { owner, record, details, baseUrl }: Shown, crypt: Crypt): Record<string, unknown> {
  const sid = sidOf(record);
  const last = challenge.deliveries.at(-1)?.updateTime;
  return {
    sid,
    service_sid: owner.serviceSid,
    account_sid: owner.accountSid,
    to: details.to,
    channel: channelName(challenge.channel),
    status: statuses[challenge.state],
    valid: challenge.state === ChallengeState.VERIFIED,
    lookup: {},
    amount: details.amount || null,
    payee: details.payee || null,
    send_code_attempts: challenge.deliveries.map(({ createTime, channel }, position) => ({
      time: moment(createTime),
      channel: channelName(channel).toUpperCase(),
      attempt_sid: crypt.attemptSidOf(sid, position),
    })),
    date_created: moment(challenge.createTime),
    date_updated: moment(last ?? challenge.createTime),
    sna: null,
    url: `${baseUrl}/v2/Services/${owner.serviceSid}/Verifications/${sid}`,
  };
}

/** A VerificationCheck as Twilio shows it (https://www.twilio.com/docs/verify/api/verification-check). */
export function viewCheck(approved: boolean, { owner, record, details }: Omit<Shown, "baseUrl">, now: number): Record<string, unknown> {
  return {
    sid: sidOf(record),
    service_sid: owner.serviceSid,
    account_sid: owner.accountSid,
    to: details.to,
    channel: details.channel,
    status: approved ? "approved" : "pending",
    valid: approved,
    amount: details.amount || null,
    payee: details.payee || null,
    sna_attempts_error_codes: [],
    date_created: iso(record.startedAt),
    date_updated: iso(now),
  };
}

const moment = (time: Timestamp | undefined): string | null => (time ? iso(timestampMs(time)) : null);
const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
