import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CryptoPlugin, OTPGuardrails } from "otplib";
import type { CodeForm } from "../otp/authenticator-ports.ts";
import { otpLibrary } from "./otp-library.ts";

/** Node's own HMAC, which is many times faster than the library's. */
export const nodeCrypto: CryptoPlugin = {
  name: "node",
  hmac: (algorithm, key, data) => createHmac(algorithm, key).update(data).digest(),
  randomBytes: (length) => randomBytes(length),
  constantTimeEqual: (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b)),
};

/** What is too short or too long was refused before; secrets of older apps have 80 bits. */
export function guardrails(): OTPGuardrails {
  made ??= otpLibrary().createGuardrails({ MIN_SECRET_BYTES: 10, MAX_SECRET_BYTES: 128 });
  return made;
}

let made: OTPGuardrails | undefined;

/** The code of a counter (RFC 4226, section 5.3). */
export const hotpAt = ({ algorithm, digits }: CodeForm, secret: Uint8Array, counter: number): string =>
  otpLibrary().generateSync({ strategy: "hotp", secret, counter, algorithm, digits, crypto: nodeCrypto, guardrails: guardrails() });
