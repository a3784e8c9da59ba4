import { z } from "zod";
import type { AuthenticatorTerms } from "../otp/authenticator-terms.ts";
import { choice, text, whole } from "./forms.ts";

const digest = () => choice("sha1", "sha256", "sha512").default("sha1");
const digits = () => whole("the digits of a code", 6, 8).default(6);

/** Of an application. */
export const authenticatorSettings = z.strictObject({
  issuer: text(
    "the name that authenticator apps show, 1 to 40 characters in one line without a colon",
    /^[^\p{C}\p{Zl}\p{Zp}:]{1,40}$/u,
  ).optional(),
  max: whole("the authenticators of a subject", 1, 20).default(5),
  confirmSeconds: whole("the seconds an enrolment waits to be confirmed", 60, 3600).default(600),
  totp: z
    .strictObject({
      algorithm: digest(),
      digits: digits(),
      periodSeconds: whole("the seconds that a code is shown for", 15, 120).default(30),
      window: whole("the time steps around the present one", 0, 3).default(1),
      maxDriftSteps: whole("the time steps that a clock may be off", 0, 10).default(2),
    })
    .prefault({}),
  hotp: z
    .strictObject({
      algorithm: digest(),
      digits: digits(),
      lookAhead: whole("the codes after the expected one", 0, 50).default(10),
      resyncAhead: whole("the codes to look for two in a row among", 1, 1000).default(100),
    })
    .prefault({}),
});

export function buildAuthenticators(settings: z.output<typeof authenticatorSettings>, displayName: string): AuthenticatorTerms {
  const { issuer, max, confirmSeconds, totp, hotp } = settings;
  const { maxDriftSteps, ...rest } = totp;
  return {
    issuer: issuer ?? displayName.replaceAll(":", " "),
    max,
    confirmMs: confirmSeconds * 1000,
    totp: { ...rest, maxDrift: maxDriftSteps },
    hotp,
  };
}
