/** The one place where a "no" becomes a status. Both listeners answer through it, so all wires say the same. */
import { randomUUID } from "node:crypto";
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import type { FieldViolation, Reason, Refusal, Result } from "../otp/refusal.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { LogFailure } from "./service.ts";

const codes: Readonly<Record<Reason, Code>> = {
  INVALID_ARGUMENT: Code.InvalidArgument,
  CODE_MISMATCH: Code.PermissionDenied,
  CODE_EXPIRED: Code.FailedPrecondition,
  CODE_ALREADY_USED: Code.FailedPrecondition,
  CHALLENGE_CANCELED: Code.FailedPrecondition,
  BINDING_MISMATCH: Code.FailedPrecondition,
  TOO_MANY_ATTEMPTS: Code.ResourceExhausted,
  RESEND_COOLDOWN: Code.ResourceExhausted,
  RATE_LIMITED: Code.ResourceExhausted,
  CAPTCHA_REQUIRED: Code.FailedPrecondition,
  RECIPIENT_NOT_ALLOWED: Code.PermissionDenied,
  CHALLENGE_NOT_FOUND: Code.NotFound,
  AUTHENTICATOR_NOT_FOUND: Code.NotFound,
  TOO_MANY_AUTHENTICATORS: Code.ResourceExhausted,
  PROOF_INVALID: Code.PermissionDenied,
  PROOF_EXPIRED: Code.FailedPrecondition,
  PROOF_ALREADY_REDEEMED: Code.FailedPrecondition,
  IDEMPOTENCY_KEY_REUSED: Code.AlreadyExists,
  REQUEST_IN_PROGRESS: Code.Aborted,
  DELIVERY_FAILED: Code.Unavailable,
  STORE_UNAVAILABLE: Code.Unavailable,
  UNAUTHENTICATED: Code.Unauthenticated,
  CALLER_NOT_ALLOWED: Code.PermissionDenied,
  MESSAGE_TOO_LARGE: Code.ResourceExhausted,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  UNIMPLEMENTED: Code.Unimplemented,
  SHUTTING_DOWN: Code.Unavailable,
  OVERLOADED: Code.Unavailable,
  INTERNAL: Code.Internal,
};

export const deadlineExceeded: Refusal = {
  reason: "DEADLINE_EXCEEDED",
  message: "the deadline passed; the request may have taken effect",
};

/** The refusal as every wire can send it. */
export function toConnectError(refusal: Refusal): ConnectError {
  const { reason, message, metadata, violations, retryAfterMs } = refusal;
  const error = new ConnectError(message.toWellFormed(), codes[reason]);
  error.details.push({ desc: ErrorInfoSchema, value: { reason, domain: "countersign", metadata: { ...metadata } } });
  if (violations) error.details.push({ desc: BadRequestSchema, value: { fieldViolations: violations.map(wellFormed) } });
  if (retryAfterMs !== undefined) error.details.push({ desc: RetryInfoSchema, value: { retryDelay: duration(retryAfterMs) } });
  return error;
}

export const malformed = (violations: readonly FieldViolation[]): ConnectError =>
  toConnectError({
    reason: "INVALID_ARGUMENT",
    message: violations.map(({ field, description }) => `${field}: ${description}`).join("; "),
    violations,
  });

/** Unwraps what was allowed and throws what was refused. */
export function accept<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw toConnectError(result.refusal);
}

/** Whatever a handler threw, as an error that tells callers no more than they may know. */
export function toStatus(thrown: unknown, rpc: string, log: LogFailure): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  if (thrown instanceof StoreUnavailable)
    return toConnectError({ reason: "STORE_UNAVAILABLE", message: "the store cannot be reached; try again later" });
  // A use case that stopped because its signal told it to: the deadline has its own answer, so this caller went away.
  if (thrown instanceof Error && thrown.name === "AbortError") return new ConnectError("the caller went away", Code.Canceled);
  const errorId = randomUUID();
  log({ errorId, rpc, cause: thrown });
  return toConnectError({ reason: "INTERNAL", message: "internal error", metadata: { error_id: errorId } });
}

const wellFormed = ({ field, description }: FieldViolation) => ({
  field: field.toWellFormed(),
  description: description.toWellFormed(),
});

/** Rounded up: whoever waits exactly that long must not be a moment too early. */
function duration(ms: number): { seconds: bigint; nanos: number } {
  const whole = Math.max(0, Math.ceil(ms));
  return { seconds: BigInt(Math.floor(whole / 1000)), nanos: (whole % 1000) * 1_000_000 };
}
