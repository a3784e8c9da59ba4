import type { Reason } from "../../src/otp/refusal.ts";

/** What a caller may do with the request that was refused. */
export type Retry = "no" | "same" | "later" | "told" | "after";

export const retries: Readonly<Record<Retry, string>> = {
  no: "no",
  same: "yes, the same request with the same `idempotency_key` or `request_id`",
  later: "yes, when the time in `RetryInfo` is over",
  told: "only with a `RetryInfo`, when its time is over",
  after: "yes, once what the remedy says is done",
};

/** By reason: whether to try again, and what helps. The compiler asks for every reason. */
export const remedies: Readonly<Record<Reason, { readonly retry: Retry; readonly remedy: string }>> = {
  INVALID_ARGUMENT: {
    retry: "after",
    remedy: "Write what `BadRequest.field_violations[].description` says in place of each field it names.",
  },
  CODE_MISMATCH: { retry: "after", remedy: "Say how many guesses are left, and let the person type the code again." },
  CODE_EXPIRED: { retry: "no", remedy: "Offer a new code: SendCode." },
  CODE_ALREADY_USED: {
    retry: "no",
    remedy:
      "Offer a new code. Where your own retry used it up, send a `request_id` with VerifyCode: the retry then gets the first answer again.",
  },
  CHALLENGE_CANCELED: { retry: "no", remedy: "Offer a new code: SendCode." },
  BINDING_MISMATCH: {
    retry: "after",
    remedy:
      "Send the purpose and the binding that SendCode had. Where they changed because the transaction did, send a new code for the new one.",
  },
  TOO_MANY_ATTEMPTS: {
    retry: "told",
    remedy: "`scope` `challenge`: offer a new code. `scope` `recipient`: say when to come again; an operator can forgive with `unlock`.",
  },
  RESEND_COOLDOWN: { retry: "later", remedy: "Show the time until `resend_time`, and offer another channel." },
  RATE_LIMITED: {
    retry: "later",
    remedy: "Say when to come again. Which limit it was, operators see in the log; `sendLimits` and `limits` set it.",
  },
  CAPTCHA_REQUIRED: {
    retry: "after",
    remedy: "Show the captcha that metadata `captcha` names, and send again with its answer as `captcha_token`.",
  },
  RECIPIENT_NOT_ALLOWED: {
    retry: "no",
    remedy: "Ask for another number or channel. Where the number should be allowed, see `applications[].policy` and the command `blocks`.",
  },
  CHALLENGE_NOT_FOUND: {
    retry: "no",
    remedy: "Offer a new code, and check that the key belongs to the application that sent the first one.",
  },
  AUTHENTICATOR_NOT_FOUND: { retry: "no", remedy: "Offer enrolment, or a channel that sends a code." },
  TOO_MANY_AUTHENTICATORS: { retry: "after", remedy: "Delete one (DeleteAuthenticator), or raise `authenticators.max`." },
  PROOF_INVALID: {
    retry: "no",
    remedy: "Refuse what was asked for. Check that the proof came from this service and for this application.",
  },
  PROOF_EXPIRED: { retry: "no", remedy: "Verify again: proofs are valid for `proofs.ttlSeconds`." },
  PROOF_ALREADY_REDEEMED: {
    retry: "no",
    remedy: "Refuse what was asked for. Send a `request_id` with RedeemProof, so that your own retry gets the first answer again.",
  },
  IDEMPOTENCY_KEY_REUSED: { retry: "no", remedy: "Make a new random key for every new request, and keep it for its retries only." },
  REQUEST_IN_PROGRESS: { retry: "same", remedy: "Wait as long as `RetryInfo` says, and send the same request with the same key." },
  DELIVERY_FAILED: {
    retry: "told",
    remedy: "Offer another channel. Operators: metadata `failure` and the log say what each provider answered.",
  },
  STORE_UNAVAILABLE: { retry: "same", remedy: "Wait a second, then twice as long each time. Operators: see `/readyz` and the log." },
  UNAUTHENTICATED: {
    retry: "no",
    remedy:
      "Send `authorization: Bearer KEY` with a key whose hash is in `applications[].keys`, or a token or client certificate of an entry in `tokens` or `certificates`.",
  },
  CALLER_NOT_ALLOWED: {
    retry: "no",
    remedy:
      "Use a key whose entry in `applications[].keys` has the right for it (`rights`). A browser's key needs the origin of its page in `origins`; proofs and authenticators need a service key.",
  },
  MESSAGE_TOO_LARGE: { retry: "no", remedy: "Send less: shorter `template_variables` and `binding`." },
  DEADLINE_EXCEEDED: { retry: "same", remedy: "Ask again with a deadline of 15 s; what was done under the same key is not done twice." },
  UNIMPLEMENTED: {
    retry: "no",
    remedy:
      "Where the message says that a key is missing, the operator sets it (`proofs`, `secrets.authenticatorKeys`). Otherwise use a version that has the call; compress with gzip or not at all.",
  },
  OVERLOADED: {
    retry: "same",
    remedy:
      "Wait as long as `RetryInfo` says and somewhat longer, each caller by another chance. Operators: add a replica; `bounds.callsInFlight` is the limit.",
  },
  SHUTTING_DOWN: { retry: "same", remedy: "Watch again; a balancer sends the call to another replica." },
  INTERNAL: { retry: "no", remedy: "Look for metadata `error_id` in the log of the service, which has the cause." },
};
