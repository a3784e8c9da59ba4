/**
 * Values of `otp/` to wire messages. Plain objects with every field set: they need no second walk through the schema, which
 * `create()` would be.
 */
import type {
  VerifyCodeResponse,
  Challenge as WireChallenge,
  Delivery as WireDelivery,
  Recipient as WireRecipient,
} from "../gen/countersign/v1/code_service_pb.js";
import { ChallengeState, DeliveryState, Channel as WireChannel } from "../gen/countersign/v1/code_service_pb.js";
import type { Challenge, Delivery, Verification } from "../otp/challenge.ts";
import type { Channel, Recipient } from "../otp/types.ts";

export const wireChannels: Readonly<Record<Channel, WireChannel>> = {
  sms: WireChannel.SMS,
  voice: WireChannel.VOICE,
  email: WireChannel.EMAIL,
  whatsapp: WireChannel.WHATSAPP,
  push: WireChannel.PUSH,
  totp: WireChannel.TOTP,
  hotp: WireChannel.HOTP,
  recovery_code: WireChannel.RECOVERY_CODE,
};

const wireChallengeStates: Readonly<Record<Challenge["state"], ChallengeState>> = {
  pending: ChallengeState.PENDING,
  verified: ChallengeState.VERIFIED,
  expired: ChallengeState.EXPIRED,
  canceled: ChallengeState.CANCELED,
  exhausted: ChallengeState.EXHAUSTED,
};

const wireDeliveryStates: Readonly<Record<Delivery["state"], DeliveryState>> = {
  sending: DeliveryState.SENDING,
  accepted: DeliveryState.ACCEPTED,
  delivered: DeliveryState.DELIVERED,
  failed: DeliveryState.FAILED,
  unknown: DeliveryState.UNKNOWN,
};

const wireRecipients = { phone: "phoneNumber", email: "emailAddress", subject: "subject" } as const;

export const writeChallenge = (challenge: Challenge): WireChallenge => ({
  $typeName: "countersign.v1.Challenge",
  challengeId: challenge.challengeId,
  state: wireChallengeStates[challenge.state],
  channel: wireChannels[challenge.channel],
  maskedRecipient: challenge.maskedRecipient,
  purpose: challenge.purpose,
  createTime: timestamp(challenge.createdAt),
  expireTime: timestamp(challenge.expiresAt),
  resendTime: timestamp(challenge.resendAt),
  codeLength: challenge.codeLength,
  attemptsRemaining: challenge.attemptsRemaining,
  sendsRemaining: challenge.sendsRemaining,
  deliveries: challenge.deliveries.map(writeDelivery),
  sandbox: challenge.sandbox,
  ...(challenge.simSwappedAt !== undefined && { simSwapTime: timestamp(challenge.simSwappedAt) }),
});

export const writeVerification = (verification: Verification): VerifyCodeResponse => ({
  $typeName: "countersign.v1.VerifyCodeResponse",
  challengeId: verification.challengeId,
  recipient: writeRecipient(verification.recipient),
  channel: wireChannels[verification.channel],
  purpose: verification.purpose,
  verifyTime: timestamp(verification.verifiedAt),
  proofToken: verification.proofToken,
  recoveryCodesRemaining: verification.recoveryCodesRemaining ?? 0,
});

const writeDelivery = (delivery: Delivery): WireDelivery => ({
  $typeName: "countersign.v1.Delivery",
  channel: wireChannels[delivery.channel],
  provider: delivery.provider,
  state: wireDeliveryStates[delivery.state],
  createTime: timestamp(delivery.createdAt),
  updateTime: timestamp(delivery.updatedAt),
  failure: delivery.failure,
});

const writeRecipient = ({ kind, value }: Recipient): WireRecipient => ({
  $typeName: "countersign.v1.Recipient",
  kind: { case: wireRecipients[kind], value },
});

export function timestamp(ms: number) {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.floor((ms - seconds * 1000) * 1_000_000);
  return { $typeName: "google.protobuf.Timestamp" as const, seconds: BigInt(seconds), nanos };
}
