import { z } from "zod";
import { hcaptchaConfig, recaptchaV2Config, recaptchaV3Config, turnstileConfig } from "../providers/captcha-config.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { choice, list, text, whole } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { suggest } from "./problem.ts";
import type { Salvaged } from "./salvage.ts";

const captchaName = text("a name of 1 to 40 characters of a-z 0-9 -, a letter first", /^[a-z][a-z0-9-]{0,39}$/);

/** The built-in one, which needs no vendor. */
const proofOfWork = z.strictObject({
  kind: z.literal("proof_of_work"),
  difficulty: whole("the keys to try on average", 10, 1_000_000).default(5_000),
  /** Whoever asks for a challenge makes the service derive a key, hence the bound. */
  cost: whole("the iterations for each key", 1, 10_000).default(1_000),
  expireSeconds: whole("the seconds a challenge is good for", 30, 3600).default(600),
});

const kinds = ["turnstile", "hcaptcha", "recaptcha_v2", "recaptcha_v3", "proof_of_work"];

/** The captchas that applications may use, by names of the operator's own. */
export const captchasSettings = z.record(
  captchaName,
  z.discriminatedUnion("kind", [turnstileConfig, hcaptchaConfig, recaptchaV2Config, recaptchaV3Config, proofOfWork], {
    error: (issue) => (issue.code === "invalid_union" ? `write one of ${kinds.join(", ")}` : undefined),
  }),
);

export type CaptchasSettings = z.output<typeof captchasSettings>;

const hostname = text("a host's name in ASCII, such as app.example.com", /^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/);

/** What one application asks of its callers. */
export const captchaUse = z.strictObject({
  use: z.string({ error: "write the name of one of the captchas" }),
  require: choice("always", "browser", "limits").default("browser"),
  hostnames: list(hostname, { min: 0, max: 100, write: "names of hosts" }).default([]),
  onFailure: choice("closed", "open").default("closed"),
});

/** Whether applications use captchas that there are. */
export function checkCaptchas(
  applications: readonly (Salvaged<ApplicationSettings> | undefined)[],
  captchas: Salvaged<CaptchasSettings> = {},
): Explained[] {
  return applications.flatMap((application, index) => {
    const use = application?.captcha?.use;
    if (use === undefined || Object.hasOwn(captchas, use)) return [];
    const known = Object.keys(captchas);
    const write = known.length === 0 ? "describe one under captchas first" : suggest(use, known);
    return [{ path: ["applications", index, "captcha", "use"], message: `names no captcha: ${write}` }];
  });
}
