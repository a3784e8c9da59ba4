import type { CodeForm } from "../otp/authenticator-ports.ts";
import { guardrails, nodeCrypto } from "./hotp.ts";
import { otpLibrary } from "./otp-library.ts";

/** The code of a time step (RFC 6238, section 4.2). Whose clock tells the step, and how long it lasts, is decided elsewhere. */
export const totpAt = ({ algorithm, digits }: CodeForm, secret: Uint8Array, step: number): string =>
  otpLibrary().generateSync({
    strategy: "totp",
    secret,
    epoch: step,
    period: 1,
    algorithm,
    digits,
    crypto: nodeCrypto,
    guardrails: guardrails(),
  });
