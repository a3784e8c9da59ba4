import { z } from "zod";
import { baseUrl, briefTimeoutSeconds, checkedText, secretText } from "./vendor-forms.ts";

const common = { secret: secretText("secret key of the site"), baseUrl: baseUrl.optional(), timeoutSeconds: briefTimeoutSeconds };

const scoreForm = "the least score that passes, 0 to 1";

/** Whose captchas are checked, by kind. */
export const turnstileConfig = z.strictObject({ kind: z.literal("turnstile"), ...common });
export const hcaptchaConfig = z.strictObject({
  kind: z.literal("hcaptcha"),
  siteKey: checkedText("the site key, to refuse answers that were given for another site of the account", /^[\w-]{1,100}$/).optional(),
  ...common,
});
export const recaptchaV2Config = z.strictObject({ kind: z.literal("recaptcha_v2"), ...common });
export const recaptchaV3Config = z.strictObject({
  kind: z.literal("recaptcha_v3"),
  minScore: z
    .number({ error: `write ${scoreForm}` })
    .min(0, `write ${scoreForm}`)
    .max(1, `write ${scoreForm}`)
    .default(0.5)
    .meta({ description: scoreForm }),
  ...common,
});

export type VendorCaptchaConfig = z.output<
  typeof turnstileConfig | typeof hcaptchaConfig | typeof recaptchaV2Config | typeof recaptchaV3Config
>;
export type CaptchaConfigOf<Kind extends VendorCaptchaConfig["kind"]> = Extract<VendorCaptchaConfig, { readonly kind: Kind }>;
