/** Requests to a ledger store, as short as a test can say them. A code's hash is the code: to a store it is only a string. */
import { randomBytes } from "node:crypto";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import type {
  ChallengeRef,
  NewMessage,
  OpenChallenge,
  OpenUnsent,
  RecordDelivery,
  ResendChallenge,
  VerifyChallenge,
} from "../../src/otp/ledger.ts";
import type { LedgerLimits } from "../../src/otp/types.ts";

export const minute = 60_000;

/** Generous but for what a test names. */
export const limitsWith = (more: Partial<LedgerLimits> = {}): LedgerLimits => ({
  guessesPerChallenge: 5,
  sendsPerChallenge: 50,
  cooldownsMs: [0],
  failureWindows: [{ windowMs: 10 * minute, max: 100 }],
  failuresInRow: 500,
  sendWindows: [{ windowMs: 10 * minute, max: 100 }],
  ...more,
});

/** A challenge of a recipient nobody has heard of. */
export const newRef = (application = "shop"): ChallengeRef => ({ ledger: randomName(15), nonce: randomName(12), application });

/** Another challenge of the same recipient. */
export const another = (ref: ChallengeRef): ChallengeRef => ({ ...ref, nonce: randomName(12) });

export function messageWith(more: Partial<NewMessage> & { readonly code?: string } = {}): NewMessage {
  const { code = "right", ...rest } = more;
  return { deliveryId: `d${randomName(9)}`, channel: "sms", codeHash: code, codeLength: 6, sealed: "sealed", leaseMs: 20_000, ...rest };
}

type OpenMore = Partial<Omit<OpenChallenge, "message">> & { readonly message?: Parameters<typeof messageWith>[0] };
export const opening = (ref: ChallengeRef, more: OpenMore = {}): OpenChallenge => ({
  ...ref,
  purpose: "login",
  context: "context",
  lifetimeMs: 10 * minute,
  limits: limitsWith(),
  ...more,
  message: messageWith(more.message),
});

export const openingUnsent = (ref: ChallengeRef, more: Partial<OpenUnsent> = {}): OpenUnsent => ({
  ...ref,
  purpose: "login",
  context: "context",
  lifetimeMs: 10 * minute,
  limits: limitsWith(),
  accepts: ["totp", "hotp", "recovery_code"],
  sealed: "sealed",
  hideAbsence: false,
  ...more,
});

/** An active one, as it lies in a ledger. */
export const authenticatorWith = (more: Partial<LedgerAuthenticator> = {}): LedgerAuthenticator => ({
  kind: "totp",
  name: "Phone",
  createdAt: 1_800_000_000_000,
  attempts: 0,
  secret: "k1.encrypted",
  algorithm: "sha1",
  digits: 6,
  periodSeconds: 30,
  next: 0,
  drift: 0,
  ...more,
});

type ResendMore = Partial<Omit<ResendChallenge, "message">> & { readonly message?: Parameters<typeof messageWith>[0] };
export const resending = (ref: ChallengeRef, more: ResendMore = {}): ResendChallenge => ({
  ...ref,
  keepPrevious: false,
  limits: limitsWith(),
  ...more,
  message: messageWith({ code: "fresh", ...more.message }),
});

export const guessing = (ref: ChallengeRef, code: string, more: Partial<VerifyChallenge> = {}): VerifyChallenge => ({
  ...ref,
  context: "context",
  hashes: [code],
  limits: limitsWith(),
  ...more,
});

export const recording = (ref: ChallengeRef, deliveryId: string, more: Partial<RecordDelivery> = {}): RecordDelivery => ({
  ...ref,
  deliveryId,
  state: "accepted",
  provider: "twilio",
  ...more,
});

const randomName = (bytes: number): string => randomBytes(bytes).toString("base64url");
