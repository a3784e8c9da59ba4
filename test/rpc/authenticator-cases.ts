/** What is wrong with a request of `AuthenticatorService`, field by field. */
import type { JsonObject } from "@bufbuild/protobuf";

export type AuthenticatorMethod =
  | "enrolTotp"
  | "confirmTotp"
  | "enrolHotp"
  | "confirmHotp"
  | "resyncHotp"
  | "listAuthenticators"
  | "deleteAuthenticator"
  | "generateRecoveryCodes"
  | "importAuthenticators";

export type BadCase = {
  readonly name: string;
  readonly method: AuthenticatorMethod;
  readonly request: JsonObject;
  readonly fields: readonly string[];
};

const nul = "a\u0000b";
const id = "a".repeat(16);
const one = { name: "Phone", secret: "GEZDGNBVGY3TQOJQ" };

const good: Readonly<Record<AuthenticatorMethod, JsonObject>> = {
  enrolTotp: { subject: "u", name: "Phone" },
  enrolHotp: { subject: "u", name: "Phone" },
  confirmTotp: { subject: "u", authenticatorId: id, code: "123456" },
  confirmHotp: { subject: "u", authenticatorId: id, code: "123456" },
  resyncHotp: { subject: "u", authenticatorId: id, firstCode: "123456", secondCode: "123456" },
  listAuthenticators: { subject: "u" },
  deleteAuthenticator: { subject: "u", authenticatorId: id },
  generateRecoveryCodes: { subject: "u" },
  importAuthenticators: { subject: "u", authenticators: [one] },
};

const methods = Object.keys(good) as AuthenticatorMethod[];

/** That field alone is wrong. */
const bad = (method: AuthenticatorMethod, field: string, values: readonly JsonObject[string][], says = snake(field)): BadCase[] =>
  values.map((value) => ({
    name: `${method}: ${field} ${JSON.stringify(value).slice(0, 24)}`,
    method,
    request: { ...good[method], [field]: value },
    fields: [says],
  }));

const badImport = (field: string, more: JsonObject): BadCase => ({
  name: `importAuthenticators: ${JSON.stringify(more).slice(0, 60)}`,
  method: "importAuthenticators",
  request: { subject: "u", authenticators: [one, { ...one, secret: "MFRGGZDFMZTWQ2LK", ...more }] },
  fields: [`authenticators[1].${field}`],
});

const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const badCases: readonly BadCase[] = [
  ...methods.flatMap((method) => bad(method, "subject", ["", nul, "x".repeat(129), "a\u2028b"])),
  ...(["enrolTotp", "enrolHotp"] as const).flatMap((method) => [
    ...bad(method, "name", ["", nul, "x".repeat(65), "a\u202eb"]),
    ...bad(method, "accountName", [nul, "x".repeat(65), "a:b"]),
    { name: `${method}: a subject that makes no label`, method, request: { subject: "a:b", name: "Phone" }, fields: ["account_name"] },
  ]),
  ...(["confirmTotp", "confirmHotp", "resyncHotp", "deleteAuthenticator"] as const).flatMap((method) =>
    bad(method, "authenticatorId", ["", "x", "a".repeat(17), "a.b".padEnd(16, "c"), nul]),
  ),
  ...(["confirmTotp", "confirmHotp"] as const).flatMap((method) =>
    bad(method, "code", ["", "12345", "123456789", "12345x", nul, "1".repeat(65)]),
  ),
  ...bad("resyncHotp", "firstCode", ["", "12345", "12345x"]),
  ...bad("resyncHotp", "secondCode", ["", "12345", "12345x"]),
  ...bad("importAuthenticators", "authenticators", [[]]),
  {
    name: "importAuthenticators: 21 at once",
    method: "importAuthenticators",
    request: {
      subject: "u",
      authenticators: Array.from({ length: 21 }, (_, index) => ({ ...one, secret: `${"ABCDEFGHIJKLMNOPQRSTU"[index]}`.repeat(16) })),
    },
    fields: ["authenticators"],
  },
  ...["", nul, "x".repeat(65)].map((name) => badImport("name", { name })),
  ...[
    "",
    "1",
    "short",
    "A".repeat(1025),
    "A".repeat(1024),
    "otpauth://steam/a?secret=MFRGGZDFMZTWQ2LK",
    "otpauth://totp/a",
    one.secret,
  ].map((secret) => badImport("secret", { secret })),
  ...["CHANNEL_SMS", "CHANNEL_RECOVERY_CODE", 99].map((channel) => badImport("channel", { channel })),
  badImport("channel", { channel: "CHANNEL_HOTP", secret: "otpauth://totp/a?secret=MFRGGZDFMZTWQ2LK" }),
  badImport("algorithm", { algorithm: 99 }),
  badImport("algorithm", { algorithm: "DIGEST_ALGORITHM_SHA1", secret: "otpauth://totp/a?secret=MFRGGZDFMZTWQ2LK&algorithm=SHA256" }),
  ...[5, 9, -6].map((digits) => badImport("digits", { digits })),
  ...[14, 121, -30].map((periodSeconds) => badImport("period_seconds", { periodSeconds })),
  badImport("period_seconds", { channel: "CHANNEL_HOTP", periodSeconds: 30 }),
  badImport("counter", { channel: "CHANNEL_TOTP", counter: "1" }),
  ...["-1", "281474976710656", "9223372036854775807"].map((counter) => badImport("counter", { channel: "CHANNEL_HOTP", counter })),
];
