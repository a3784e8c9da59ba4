import { checkName } from "./authenticator-call.ts";
import type { AuthenticatorFormat, Enrolled, EnrolledUri } from "./authenticator-ports.ts";
import type { Violations } from "./check.ts";
import type { Channel } from "./types.ts";

/** What the wire hands over; what was left out is undefined. */
export type Imported = {
  readonly name: string;
  readonly channel: Channel | undefined;
  readonly secret: string;
  readonly algorithm: Enrolled["algorithm"] | undefined;
  readonly digits: number | undefined;
  readonly periodSeconds: number | undefined;
  readonly counter: number | undefined;
};

export type CheckedImport = Enrolled & { readonly name: string };

/** Apps were given 80 bits for years, although RFC 4226 (section 4, R6) asks for 128. */
const secretBytes = { min: 10, max: 128 } as const;
const maxSecretText = 1024;
/** Far from where numbers lose their precision, whatever is added. */
const maxCounter = 2 ** 48 - 1;

/** One entry of an import, or everything that is wrong with it, each at its own field. */
export function checkImported(
  format: AuthenticatorFormat,
  violations: Violations,
  at: string,
  imported: Imported,
): CheckedImport | undefined {
  const before = violations.length;
  const wrong = (field: string, description: string): void => void violations.push({ field: `${at}.${field}`, description });
  checkName(violations, `${at}.name`, imported.name);
  const uri = readSecret(format, imported.secret, wrong);
  const kind = kindOf(imported.channel, uri, wrong);
  const agreed = <Name extends "algorithm" | "digits" | "periodSeconds" | "counter">(name: Name, field: string): Imported[Name] => {
    const [said, written] = [imported[name], uri?.[name] as Imported[Name]];
    if (said !== undefined && written !== undefined && said !== written)
      wrong(field, "is not what the URI says; leave it out, or mend the URI");
    return (said ?? written) as Imported[Name];
  };
  const algorithm = agreed("algorithm", "algorithm") ?? "sha1";
  const digits = agreed("digits", "digits") ?? 6;
  const periodSeconds = agreed("periodSeconds", "period_seconds");
  const counter = agreed("counter", "counter");
  checkNumber(wrong, "digits", digits, { min: 6, max: 8 });
  if (kind === "hotp" && imported.periodSeconds !== undefined) wrong("period_seconds", "is for CHANNEL_TOTP only; leave it out");
  if (kind === "totp" && imported.counter !== undefined) wrong("counter", "is for CHANNEL_HOTP only; leave it out");
  if (kind === "totp") checkNumber(wrong, "period_seconds", periodSeconds ?? 30, { min: 15, max: 120 });
  if (kind === "hotp") checkNumber(wrong, "counter", counter ?? 0, { min: 0, max: maxCounter });
  if (violations.length > before || !uri || !kind) return undefined;
  return { name: imported.name, kind, secret: uri.secret, algorithm, digits, periodSeconds: periodSeconds ?? 30, counter: counter ?? 0 };
}

type Wrong = (field: string, description: string) => void;
type Read = Partial<EnrolledUri> & Pick<EnrolledUri, "secret">;

function readSecret(format: AuthenticatorFormat, text: string, wrong: Wrong): Read | undefined {
  if (text === "") wrong("secret", "write the secret in Base32, or the otpauth:// URI");
  else if (text.length > maxSecretText) wrong("secret", `at most ${maxSecretText} characters, please; these are ${text.length}`);
  else return readText(format, text, wrong);
  return undefined;
}

function readText(format: AuthenticatorFormat, text: string, wrong: Wrong): Read | undefined {
  const isUri = /^otpauth:/i.test(text);
  const secret = isUri ? undefined : format.readBase32(text);
  const read = isUri ? format.readUri(text) : secret && { secret };
  if (!read) {
    wrong("secret", isUri ? "is no otpauth:// URI that can be read" : "is not Base32: write A to Z and 2 to 7 only, or an otpauth:// URI");
    return undefined;
  }
  const { min, max } = secretBytes;
  if (read.secret.length < min || read.secret.length > max)
    wrong("secret", `has ${read.secret.length} bytes: send one of ${min} to ${max}; a shorter one is too easily guessed`);
  return read;
}

function kindOf(channel: Imported["channel"], uri: Read | undefined, wrong: Wrong): Enrolled["kind"] | undefined {
  if (channel !== undefined && channel !== "totp" && channel !== "hotp") {
    wrong("channel", "write CHANNEL_TOTP or CHANNEL_HOTP");
    return undefined;
  }
  if (channel && uri?.kind && channel !== uri.kind) wrong("channel", "is not what the URI says; leave it out, or mend the URI");
  return channel ?? uri?.kind ?? "totp";
}

function checkNumber(wrong: Wrong, field: string, value: number, { min, max }: { readonly min: number; readonly max: number }): void {
  if (!Number.isInteger(value) || value < min || value > max) wrong(field, `write a whole number from ${min} to ${max}`);
}
