/** What goes back to the caller. */
export type Answer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log: why, where the body does not say it. */
  readonly cause?: string;
};

type Failure = { readonly status: number; readonly code: number; readonly message: string };
type Extra = { readonly retryAfterMs?: number | undefined; readonly cause?: string };

/** An error in Twilio's form. `code` is one of Twilio's own (https://www.twilio.com/docs/api/errors). */
export function failure({ status, code, message }: Failure, { retryAfterMs, cause }: Extra = {}): Answer {
  return {
    status,
    body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    ...(retryAfterMs !== undefined && { headers: { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) } }),
    ...(cause !== undefined && { cause }),
  };
}

export const invalidParameter = (name: string, why: string): Answer =>
  failure({ status: 400, code: 60200, message: `Invalid parameter \`${name}\`: ${why}` });

/** Unknown, over, and another account's: Twilio says the same of all of them. */
export const notFound = (path: string): Answer =>
  failure({ status: 404, code: 20404, message: `The requested resource ${path} was not found` });

export const unauthenticated: Answer = {
  ...failure({ status: 401, code: 20003, message: "Authenticate" }),
  headers: { "www-authenticate": 'Basic realm="Twilio API"' },
};

export const unavailable = (cause: string, retryAfterMs = 1_000): Answer =>
  failure({ status: 503, code: 20503, message: "Service unavailable; try again" }, { retryAfterMs, cause });

export const internalError = (cause: string): Answer =>
  failure({ status: 500, code: 20500, message: "An internal server error has occurred" }, { cause });
