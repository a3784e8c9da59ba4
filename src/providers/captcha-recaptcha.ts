import type { CaptchaUse } from "../otp/guard-ports.ts";
import type { CaptchaConfigOf } from "./captcha-config.ts";
import type { HttpAnswer } from "./post-once.ts";
import { actionOf, buildForm, createSiteVerify, isFrom, readSuccess, type VendorCaptcha, type Verdict } from "./site-verify.ts";

type Config = CaptchaConfigOf<"recaptcha_v2"> | CaptchaConfigOf<"recaptcha_v3">;

/** https://developers.google.com/recaptcha/docs/verify and …/docs/v3 */
export const createRecaptcha = (config: Config): VendorCaptcha => createSiteVerify<Config>(config, { buildRequest, readResponse });

export const buildRequest = (token: string, { ipAddress }: CaptchaUse, { secret, baseUrl }: Config) =>
  buildForm({
    url: "https://www.google.com/recaptcha/api/siteverify",
    baseUrl,
    fields: { secret, response: token, remoteip: ipAddress },
  });

/** Version 2 knows neither actions nor scores; an answer of it has none, and so never passes for one of version 3. */
export function readResponse(answer: HttpAnswer, use: CaptchaUse, config: Config): Verdict {
  const read = readSuccess(answer);
  if (typeof read === "string") return read;
  if (!isFrom(read, use)) return "refused";
  if (config.kind === "recaptcha_v2") return "passed";
  const { score, action } = read;
  return typeof score === "number" && score >= config.minScore && action === actionOf(use.action) ? "passed" : "refused";
}
