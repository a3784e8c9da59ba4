import type { LedgerDelivery } from "./ledger.ts";
import type { DeliveryFailure } from "./ports.ts";
import type { Binding, Channel, ClientContext, Recipient } from "./types.ts";

/** A challenge as callers see it. Moments are milliseconds since 1970 by the store's clock. */
export type Challenge = {
  readonly challengeId: string;
  readonly state: "pending" | "verified" | "expired" | "canceled" | "exhausted";
  readonly channel: Channel;
  readonly maskedRecipient: string;
  readonly purpose: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly resendAt: number;
  readonly codeLength: number;
  readonly attemptsRemaining: number;
  readonly sendsRemaining: number;
  readonly deliveries: readonly Delivery[];
  /** Nothing is sent: the recipient is one of the application's sandbox, and has a fixed code. */
  readonly sandbox: boolean;
  /** When the number's SIM was changed, where that is to be told to this caller. */
  readonly simSwappedAt?: number;
};

export type Delivery = {
  readonly channel: Channel;
  readonly provider: string;
  readonly state: LedgerDelivery["state"];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly failure: DeliveryFailure | "";
};

/** What the wire hands over: shaped, but not yet checked. Empty strings mean "not given". */
export type SendCodeRequest = {
  readonly recipient: Recipient | undefined;
  readonly channels: readonly Channel[];
  readonly purpose: string;
  readonly binding: Binding;
  readonly locale: string;
  readonly templateVariables: Readonly<Record<string, string>>;
  readonly autofill: { readonly androidAppHash: string; readonly webOrigin: string };
  readonly client: ClientContext;
  readonly idempotencyKey: string;
  readonly captchaToken: string;
  readonly automaticFallback: boolean;
  /** The user that the recipient belongs to. */
  readonly subject: string;
};

export type ResendCodeRequest = { readonly challengeId: string; readonly channel: Channel | undefined; readonly idempotencyKey: string };

export type VerifyCodeRequest = {
  readonly challengeId: string;
  readonly code: string;
  readonly purpose: string;
  readonly binding: Binding;
  readonly requestId: string;
};

/** The right code was accepted, by this call or by an earlier one with the same request id. */
export type Verification = {
  readonly challengeId: string;
  readonly recipient: Recipient;
  readonly channel: Channel;
  readonly purpose: string;
  readonly verifiedAt: number;
  readonly proofToken: string;
  /** Absent where it was no recovery code. */
  readonly recoveryCodesRemaining?: number;
};
