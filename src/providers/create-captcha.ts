import type { VendorCaptchaConfig } from "./captcha-config.ts";
import { createHcaptcha } from "./captcha-hcaptcha.ts";
import { createRecaptcha } from "./captcha-recaptcha.ts";
import { createTurnstile } from "./captcha-turnstile.ts";
import type { VendorCaptcha } from "./site-verify.ts";

export function createCaptcha(config: VendorCaptchaConfig): VendorCaptcha {
  switch (config.kind) {
    case "turnstile":
      return createTurnstile(config);
    case "hcaptcha":
      return createHcaptcha(config);
    case "recaptcha_v2":
    case "recaptcha_v3":
      return createRecaptcha(config);
  }
}
