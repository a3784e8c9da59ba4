import type { AuthenticatorFormat } from "../otp/authenticator-ports.ts";
import { readBase32, writeBase32 } from "./base32.ts";
import { hotpAt } from "./hotp.ts";
import { readOtpauth, writeOtpauth } from "./otpauth.ts";
import { totpAt } from "./totp.ts";

export const authenticatorFormat: AuthenticatorFormat = {
  codeAt: (kind, form, secret, position) => (kind === "totp" ? totpAt : hotpAt)(form, secret, position),
  writeBase32,
  readBase32,
  writeUri: writeOtpauth,
  readUri: readOtpauth,
  // Loaded with the first enrolment: starting must not wait for it.
  drawQr: async (uri) => (await import("./qr.ts")).drawQr(uri),
};
