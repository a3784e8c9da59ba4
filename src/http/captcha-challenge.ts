import type { IncomingMessage } from "node:http";

export const captchaChallengePath = "/captcha/challenge";

/** What a page asks for. `captcha`: its name, empty for the only one there is. */
export type ChallengeAsk = { readonly captcha: string; readonly origin: string; readonly action: string };

/** Undefined when there is no such captcha. */
export type CreateCaptchaChallenge = (ask: ChallengeAsk) => Promise<object | undefined>;

export type AnswerCaptcha = (
  request: IncomingMessage,
  query: URLSearchParams,
) => Promise<{ readonly status: number; readonly body: object; readonly headers?: Record<string, string> }>;

/**
 * Challenges of the built-in captcha, for ALTCHA's widget to fetch; whoever solves one has done its work, so anybody may. Making one is work
 * for us too, hence `mayAsk`.
 */
export function createCaptchaRoute(create: CreateCaptchaChallenge, mayAsk: (request: IncomingMessage) => boolean): AnswerCaptcha {
  return async (request, query) => {
    if (!mayAsk(request))
      return {
        status: 429,
        body: { error: "too many challenges for this client; ask again in a second" },
        headers: { "retry-after": "1" },
      };
    const action = query.get("action") ?? "";
    if (!/^[a-z0-9_.-]{1,64}$/.test(action))
      return { status: 400, body: { error: "write the purpose of the code that will be asked for, such as ?action=login" } };
    const captcha = query.get("captcha") ?? "";
    const challenge = await create({ captcha, action, origin: originOf(request) });
    if (challenge) return { status: 200, body: challenge };
    const error =
      captcha === ""
        ? "name one of the captchas of kind proof_of_work in ?captcha="
        : "there is no captcha of kind proof_of_work with this name";
    return { status: 404, body: { error } };
  };
}

/** Browsers name the origin of a GET only across origins; within one, the page that asks is the referrer. */
function originOf({ headers }: IncomingMessage): string {
  if (headers.origin !== undefined) return headers.origin.length <= maxOrigin ? headers.origin : "";
  const origin = URL.parse(headers.referer ?? "")?.origin ?? "";
  return origin === "null" || origin.length > maxOrigin ? "" : origin;
}

/** `https://`, a name of 253 characters, and a port. */
const maxOrigin = 267;
