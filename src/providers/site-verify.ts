import type { Captcha, CaptchaUse } from "../otp/guard-ports.ts";
import type { VendorCaptchaConfig } from "./captcha-config.ts";
import { type HttpAnswer, type HttpPost, NoAnswer, postOnce } from "./post-once.ts";
import { createVendorAgent } from "./vendor-agent.ts";
import { asList, type JsonObject, parseObject } from "./vendor-json.ts";

export type Verdict = Awaited<ReturnType<Captcha["check"]>>;
export type VendorCaptcha = Captcha & { close(): Promise<void> };

type Vendor<Config> = {
  buildRequest(token: string, use: CaptchaUse, config: Config): Pick<HttpPost, "url" | "headers" | "body">;
  readResponse(answer: HttpAnswer, use: CaptchaUse, config: Config): Verdict;
};

/** What is longer or has other characters is no answer of any vendor, and need not travel. */
const tokenForm = /^[\x21-\x7e]{1,4096}$/;

/** The call that all vendors copied from one another: secret and answer as a form, a verdict as JSON. */
export function createSiteVerify<Config extends VendorCaptchaConfig>(config: Config, vendor: Vendor<Config>): VendorCaptcha {
  const agent = createVendorAgent(config.baseUrl);
  return {
    kind: config.kind,
    close: async () => agent.destroy(),
    async check(token, use, signal) {
      if (!tokenForm.test(token)) return "refused";
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      try {
        return vendor.readResponse(await postOnce({ ...vendor.buildRequest(token, use, config), agent, signal: bounded }), use, config);
      } catch (error) {
        if (error instanceof NoAnswer) return "unavailable";
        throw error;
      }
    },
  };
}

type Form = { readonly url: string; readonly baseUrl: string | undefined; readonly fields: Readonly<Record<string, string | undefined>> };

export function buildForm({ url, baseUrl, fields }: Form): Pick<HttpPost, "url" | "headers" | "body"> {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== undefined && field[1] !== "");
  return {
    url: new URL(baseUrl === undefined ? url : new URL(url).pathname, baseUrl),
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams(given).toString(),
  };
}

/**
 * Only what is the vendor's or the operator's fault is `unavailable`. Everything else may follow from what the caller sent (an answer
 * of another site is `sitekey-secret-mismatch`, a malformed one `bad-request`), and must not open what opens when a vendor is away.
 */
const faults: readonly unknown[] = ["missing-input-secret", "invalid-input-secret", "internal-error"];

/** The vendor's answer when it says that the captcha was solved; otherwise the verdict. */
export function readSuccess({ status, body }: HttpAnswer): JsonObject | Verdict {
  const answer = parseObject(body);
  if (status >= 500 || typeof answer.success !== "boolean") return "unavailable";
  if (answer.success) return answer;
  return asList(answer["error-codes"]).some((code) => faults.includes(code)) ? "unavailable" : "refused";
}

/** Solved on a page of ours. */
export const isFrom = ({ hostname }: JsonObject, { hostnames }: CaptchaUse): boolean =>
  hostnames.length === 0 || hostnames.some((each) => each === hostname);

/** What vendors let an action be called: a purpose with every other character as an underscore, and no more than 32 of them. */
export const actionOf = (purpose: string): string => purpose.replace(/[^a-z0-9]/g, "_").slice(0, 32);
