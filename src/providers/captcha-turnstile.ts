import type { CaptchaUse } from "../otp/guard-ports.ts";
import type { CaptchaConfigOf } from "./captcha-config.ts";
import type { HttpAnswer } from "./post-once.ts";
import { actionOf, buildForm, createSiteVerify, isFrom, readSuccess, type VendorCaptcha, type Verdict } from "./site-verify.ts";

type Config = CaptchaConfigOf<"turnstile">;

/** https://developers.cloudflare.com/turnstile/get-started/server-side-validation/ */
export const createTurnstile = (config: Config): VendorCaptcha => createSiteVerify(config, { buildRequest, readResponse });

export const buildRequest = (token: string, { ipAddress }: CaptchaUse, { secret, baseUrl }: Config) =>
  buildForm({
    url: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    baseUrl,
    fields: { secret, response: token, remoteip: ipAddress },
  });

export function readResponse(answer: HttpAnswer, use: CaptchaUse): Verdict {
  const read = readSuccess(answer);
  if (typeof read === "string") return read;
  return isFrom(read, use) && read.action === actionOf(use.action) ? "passed" : "refused";
}
