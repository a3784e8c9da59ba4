import type { CaptchaUse } from "../otp/guard-ports.ts";
import type { CaptchaConfigOf } from "./captcha-config.ts";
import type { HttpAnswer } from "./post-once.ts";
import { buildForm, createSiteVerify, isFrom, readSuccess, type VendorCaptcha, type Verdict } from "./site-verify.ts";

type Config = CaptchaConfigOf<"hcaptcha">;

/** https://docs.hcaptcha.com/#verify-the-user-response-server-side */
export const createHcaptcha = (config: Config): VendorCaptcha => createSiteVerify(config, { buildRequest, readResponse });

export const buildRequest = (token: string, { ipAddress }: CaptchaUse, { secret, siteKey, baseUrl }: Config) =>
  buildForm({
    url: "https://api.hcaptcha.com/siteverify",
    baseUrl,
    fields: { secret, response: token, remoteip: ipAddress, sitekey: siteKey },
  });

/** It knows no actions: an answer is bound to the page's host, and good for any purpose. */
export function readResponse(answer: HttpAnswer, use: CaptchaUse): Verdict {
  const read = readSuccess(answer);
  if (typeof read === "string") return read;
  return isFrom(read, use) ? "passed" : "refused";
}
