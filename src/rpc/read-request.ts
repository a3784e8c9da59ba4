/** Wire messages to the requests of `otp/`. Shapes only: what a value may be is decided there. */
import type {
  Recipient as WireRecipient,
  ResendCodeRequest as WireResend,
  SendCodeRequest as WireSend,
  VerifyCodeRequest as WireVerify,
} from "../gen/countersign/v1/code_service_pb.js";
import { Channel as WireChannel } from "../gen/countersign/v1/code_service_pb.js";
import type { ResendCodeRequest, SendCodeRequest, VerifyCodeRequest } from "../otp/challenge.ts";
import type { FieldViolation, Result } from "../otp/refusal.ts";
import { allowed, refused } from "../otp/refusal.ts";
import type { Channel, Recipient } from "../otp/types.ts";

const domainChannels: ReadonlyMap<number, Channel> = new Map<number, Channel>([
  [WireChannel.SMS, "sms"],
  [WireChannel.VOICE, "voice"],
  [WireChannel.EMAIL, "email"],
  [WireChannel.WHATSAPP, "whatsapp"],
  [WireChannel.PUSH, "push"],
  [WireChannel.TOTP, "totp"],
  [WireChannel.HOTP, "hotp"],
  [WireChannel.RECOVERY_CODE, "recovery_code"],
]);

const domainRecipients = { phoneNumber: "phone", emailAddress: "email", subject: "subject" } as const;

const noAutofill: SendCodeRequest["autofill"] = { androidAppHash: "", webOrigin: "" };
const noClient: SendCodeRequest["client"] = { ipAddress: "", deviceId: "", userAgent: "" };

export function readSendCode(message: WireSend): Result<SendCodeRequest> {
  const channels = message.channels.map((number) => domainChannels.get(number));
  const unknown = channels.flatMap((channel, index) => (channel ? [] : [unknownChannel(`channels[${index}]`)]));
  if (unknown.length > 0) return refuseChannels(unknown);
  return allowed({
    recipient: readRecipient(message.recipient),
    channels: channels as Channel[],
    purpose: message.purpose,
    binding: message.binding,
    locale: message.locale,
    templateVariables: message.templateVariables,
    autofill: message.autofill ?? noAutofill,
    client: message.client ?? noClient,
    idempotencyKey: message.idempotencyKey,
    captchaToken: message.captchaToken,
    automaticFallback: message.automaticFallback,
    subject: message.subject,
  });
}

export function readResendCode(message: WireResend): Result<ResendCodeRequest> {
  const { challengeId, idempotencyKey } = message;
  const channel = domainChannels.get(message.channel);
  if (!channel && message.channel !== WireChannel.UNSPECIFIED) return refuseChannels([unknownChannel("channel")]);
  return allowed({ challengeId, channel, idempotencyKey });
}

export const readVerifyCode = ({ challengeId, code, purpose, binding, requestId }: WireVerify): Result<VerifyCodeRequest> =>
  allowed({ challengeId, code, purpose, binding, requestId });

export const readChallengeId = ({ challengeId }: { readonly challengeId: string }): Result<{ readonly challengeId: string }> =>
  allowed({ challengeId });

export function readRecipient(recipient: WireRecipient | undefined): Recipient | undefined {
  const kind = recipient?.kind;
  return kind?.case ? { kind: domainRecipients[kind.case], value: kind.value } : undefined;
}

/** Undefined for none, and for one that is not known. */
export const readChannel = (channel: number): Channel | undefined => domainChannels.get(channel);

export const unknownChannel = (field: string): FieldViolation => ({
  field,
  description: "is not a known channel; name one of the enum Channel",
});

export const refuseChannels = (violations: readonly FieldViolation[]): Result<never> =>
  refused("INVALID_ARGUMENT", violations.map(({ field, description }) => `${field} ${description}`).join("; "), { violations });
