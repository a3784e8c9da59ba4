/**
 * The URI that authenticators are told their secret by: https://github.com/google/google-authenticator/wiki/Key-Uri-Format. Nobody
 * standardised it.
 */
import type { Enrolled, EnrolledUri } from "../otp/authenticator-ports.ts";
import { readBase32, writeBase32 } from "./base32.ts";
import { otpLibrary } from "./otp-library.ts";

type Labels = { readonly issuer: string; readonly account: string };

/** Neither label has a colon, which stands between them. */
export const writeOtpauth = ({ kind, secret, algorithm, digits, periodSeconds, counter }: Enrolled, { issuer, account }: Labels): string =>
  otpLibrary().generateURI({
    strategy: kind,
    issuer,
    label: account,
    secret: writeBase32(secret),
    algorithm,
    digits,
    ...(kind === "totp" ? { period: periodSeconds } : { counter }),
  });

const algorithms = { sha1: "sha1", sha256: "sha256", sha512: "sha512" } as const;
const numbers = { digits: "digits", period: "periodSeconds", counter: "counter" } as const;

/** Undefined for what cannot be read, and for what says one thing twice, or a number that is none. */
export function readOtpauth(text: string): EnrolledUri | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== "otpauth:") return undefined;
  const kind = url.host.toLowerCase();
  if (kind !== "totp" && kind !== "hotp") return undefined;
  const said = [...url.searchParams].map(([name, value]) => [name.toLowerCase(), value] as const);
  const parameters = new Map(said);
  const secret = readBase32(parameters.get("secret") ?? "");
  const algorithm = readAlgorithm(parameters.get("algorithm"));
  const counts = Object.entries(numbers).flatMap(([name, field]) => {
    const value = parameters.get(name);
    return value === undefined ? [] : [[field, /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN] as const];
  });
  if (parameters.size < said.length || !secret || algorithm === "unknown" || counts.some(([, count]) => Number.isNaN(count)))
    return undefined;
  return { kind, secret, ...(algorithm && { algorithm }), ...Object.fromEntries(counts) };
}

function readAlgorithm(text: string | undefined): Enrolled["algorithm"] | "unknown" | undefined {
  if (text === undefined || text === "") return undefined;
  const name = text.toLowerCase().replace(/^hmac/, "").replace(/[-_]/g, "");
  return Object.hasOwn(algorithms, name) ? algorithms[name as keyof typeof algorithms] : "unknown";
}
