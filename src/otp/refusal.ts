/**
 * Every way to say no. The wire maps each to a status (`rpc/status.ts`), where a reason without a mapping does not
 * compile. The meaning of each is documented for callers in `proto/countersign/v1/error_reason.proto`.
 */
export type Reason =
  | "INVALID_ARGUMENT"
  | "CODE_MISMATCH"
  | "CODE_EXPIRED"
  | "CODE_ALREADY_USED"
  | "CHALLENGE_CANCELED"
  | "BINDING_MISMATCH"
  | "TOO_MANY_ATTEMPTS"
  | "RESEND_COOLDOWN"
  | "RATE_LIMITED"
  | "CAPTCHA_REQUIRED"
  | "RECIPIENT_NOT_ALLOWED"
  | "CHALLENGE_NOT_FOUND"
  | "AUTHENTICATOR_NOT_FOUND"
  | "TOO_MANY_AUTHENTICATORS"
  | "PROOF_INVALID"
  | "PROOF_EXPIRED"
  | "PROOF_ALREADY_REDEEMED"
  | "IDEMPOTENCY_KEY_REUSED"
  | "REQUEST_IN_PROGRESS"
  | "DELIVERY_FAILED"
  | "STORE_UNAVAILABLE"
  | "UNAUTHENTICATED"
  | "CALLER_NOT_ALLOWED"
  | "MESSAGE_TOO_LARGE"
  | "DEADLINE_EXCEEDED"
  | "UNIMPLEMENTED"
  | "SHUTTING_DOWN"
  | "OVERLOADED"
  | "INTERNAL";

/** `field` is the path in the request (`recipient.phone_number`), `description` says what to write instead. */
export type FieldViolation = { readonly field: string; readonly description: string };

/** An expected "no": a value, never thrown. Its message is for callers and holds nothing they did not send. */
export type Refusal = {
  readonly reason: Reason;
  readonly message: string;
  readonly violations?: readonly FieldViolation[];
  readonly retryAfterMs?: number;
  readonly metadata?: Readonly<Record<string, string>>;
};

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

export const allowed = <T>(value: T): Result<T> => ({ ok: true, value });

export const refused = (reason: Reason, message: string, more: Omit<Refusal, "reason" | "message"> = {}): Result<never> => ({
  ok: false,
  refusal: { reason, message, ...more },
});

/** The store did not answer in time, or at all. The only failure of ours that has a reason of its own. */
export class StoreUnavailable extends Error {
  constructor(cause: unknown) {
    super("the store cannot be reached", { cause });
    this.name = "StoreUnavailable";
  }
}

/** Neither did the service that has the key to the secrets, which are then as far away as if the store were. */
export class KeyServiceUnavailable extends StoreUnavailable {
  constructor(cause: unknown) {
    super(cause);
    this.name = "KeyServiceUnavailable";
    this.message = "the service that keeps the key of secrets cannot be reached";
  }
}
