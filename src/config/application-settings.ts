import { z } from "zod";
import { sendLimitSettings } from "./abuse-settings.ts";
import { authenticatorSettings } from "./authenticator-settings.ts";
import { callerCertificateSettings } from "./caller-certificate-settings.ts";
import { callerKeySettings } from "./caller-key-settings.ts";
import { callerTokenSettings } from "./caller-token-settings.ts";
import { captchaUse } from "./captcha-settings.ts";
import { checked, choice, flag, list, text, whole } from "./forms.ts";
import { lookupUse } from "./lookup-settings.ts";
import { policySettings } from "./policy-settings.ts";
import { proofAudience } from "./proof-settings.ts";
import { sandboxSettings } from "./sandbox-settings.ts";
import { locale, purpose, purposeForm } from "./shared-forms.ts";
import { wordingSettings } from "./wording-settings.ts";

export const deliverableChannels = ["sms", "voice", "email", "whatsapp", "push"] as const;

const code = z.strictObject({
  length: whole("the characters of a code", 4, 10).default(6),
  alphabet: choice("digits", "alphanumeric").default("digits"),
  lifetimeSeconds: whole("the seconds a code is valid", 30, 600).default(300),
  keepPrevious: flag("After a resend the previous code stays valid too").default(false),
  hash: choice("hmac", "scrypt").default("hmac"),
  allowShort: flag("Permits codes below 6 characters").default(false),
});

const limits = z.strictObject({
  guessesPerChallenge: whole("the guesses of a challenge", 1, 10).default(5),
  sendsPerChallenge: whole("the messages of a challenge", 1, 10).default(5),
  cooldownsSeconds: list(whole("the seconds to wait", 0, 600), { min: 1, max: 10, write: "waits in seconds" }).default([30, 60, 120]),
  failures: z
    .strictObject({
      perHour: whole("the wrong guesses per hour", 1, 100).default(10),
      perDay: whole("the wrong guesses per day", 1, 100).default(20),
      inRow: whole("the wrong guesses in a row", 1, 100).default(50),
    })
    .prefault({}),
  sends: z
    .strictObject({
      per10Minutes: whole("the messages per 10 minutes", 1, 100).default(5),
      perHour: whole("the messages per hour", 1, 100).default(10),
      perDay: whole("the messages per day", 1, 100).default(20),
    })
    .prefault({}),
});

const country = checked("a country as two capital letters (ISO 3166-1), such as DE", (value) =>
  /^[A-Z]{2}$/.test(value) && new Intl.DisplayNames("en", { type: "region", fallback: "none" }).of(value)
    ? undefined
    : "is not a country: write two capital letters (ISO 3166-1), such as DE",
);

const domain = text("a domain in ASCII, such as example.com", /^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/);

export const applicationSettings = z.strictObject({
  id: text("a name of 1 to 40 characters of a-z 0-9 -", /^[a-z0-9-]{1,40}$/),
  displayName: text("the name that messages show, 1 to 30 characters in one line", /^[^\p{C}\p{Zl}\p{Zp}]{1,30}$/u),
  /** `*`, any purpose, is refused outside of development. */
  purposes: list(z.union([purpose, z.literal("*")], { error: `write ${purposeForm}` }), { min: 1, max: 50, write: "purposes" }),
  defaultPurpose: purpose.optional(),
  defaultLocale: locale.default("en"),
  channels: list(choice(...deliverableChannels), {
    min: 1,
    max: deliverableChannels.length,
    write: `of ${deliverableChannels.join(", ")}`,
  }),
  code: code.prefault({}),
  limits: limits.prefault({}),
  sendLimits: sendLimitSettings.optional(),
  fallback: z.strictObject({ afterSeconds: whole("the seconds a channel has", 10, 300).default(30) }).prefault({}),
  sandbox: sandboxSettings.default([]),
  recipients: z
    .strictObject({ defaultCountry: country.optional(), ignorePlusTag: flag("Treat a+x@example.com as a@example.com").default(false) })
    .prefault({}),
  policy: policySettings.prefault({}),
  captcha: captchaUse.optional(),
  lookup: lookupUse.optional(),
  authenticators: authenticatorSettings.prefault({}),
  autofill: z
    .strictObject({
      androidAppHashes: list(text("11 characters of Base64", /^[A-Za-z0-9+/]{11}$/), { min: 0, max: 20, write: "app hashes" }).default([]),
      webOrigins: list(domain, { min: 0, max: 20, write: "domains" }).default([]),
    })
    .prefault({}),
  proofAudience: proofAudience.optional(),
  wording: wordingSettings.prefault({}),
  keys: list(callerKeySettings, { min: 0, max: 8, write: "keys" }).default([]),
  certificates: list(callerCertificateSettings, { min: 0, max: 20, write: "callers by certificate" }).default([]),
  tokens: list(callerTokenSettings, { min: 0, max: 20, write: "callers by token" }).default([]),
});

export type ApplicationSettings = z.output<typeof applicationSettings>;
