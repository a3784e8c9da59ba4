/** `countersign.sample.yaml` made to work: its placeholders filled in, and its vendors on this machine. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { createKey, hashKey } from "../../src/rpc/auth.ts";
import { account } from "../providers/twilio-server.ts";

type Settings = Record<string, unknown>;
type Sample = Settings & {
  readonly applications: readonly [Settings];
  readonly secrets: Settings & { readonly authenticatorKeys: readonly Settings[] };
  readonly providers: Readonly<Record<"twilio-main" | "mail", Settings>>;
};

export type Vendors = {
  readonly twilio?: { readonly baseUrl: string };
  readonly smtp?: { readonly port: number; readonly ca: string };
};

export type Key = { readonly key: string; readonly hash: string };

export function newKey(): Key {
  const key = createKey(randomBytes);
  return { key, hash: `sha256:${hashKey(key)}` };
}

export const newSecret = (): string => randomBytes(32).toString("base64");

/** One application called "shop", with these keys; channels as there are vendors. Limits are the sample's own, texts those of the service. */
export function sampleConfig({ twilio, smtp }: Vendors, keys: readonly Key[]) {
  const sample = fill(parse(readFileSync(new URL("../../countersign.sample.yaml", import.meta.url), "utf8"))) as Sample;
  // Whose vendors are elsewhere is left out, and every number may be sent to that the vendors' test doubles know.
  const [
    {
      wording: _wording,
      captcha: _captcha,
      lookup: _lookup,
      sendLimits: _sendLimits,
      sandbox: _sandbox,
      certificates: _certificates,
      tokens: _tokens,
      ...shop
    },
  ] = sample.applications;
  const policy = { countries: "*", voice: { countries: "*" }, allow: ["+1500555"] };
  const { apiKey: _, receipts: ___, ...twilioMain } = sample.providers["twilio-main"];
  const { auth: __, ...mail } = sample.providers.mail;
  const authenticatorKeys = sample.secrets.authenticatorKeys.filter(({ awsKms }) => awsKms === undefined);
  const channels = { ...(twilio && { sms: ["twilio-main"], voice: ["twilio-main"] }), ...(smtp && { email: ["mail"] }) };
  const application = {
    ...shop,
    policy,
    channels: Object.keys(channels),
    keys: keys.map(({ hash }, index) => ({ id: `key-${index}`, hash })),
  };
  return {
    ...sample,
    tracing: undefined as unknown,
    tokenIssuers: [] as unknown,
    secrets: { ...sample.secrets, authenticatorKeys },
    listen: { admin: "127.0.0.1:0" } as Settings,
    captchas: {},
    // Tests that load it send more than anybody would; `send-limits.test.ts` is about these.
    sendLimits: [] as unknown,
    lookups: {},
    applications: [application],
    providers: {
      ...(twilio && { "twilio-main": { ...twilioMain, accountSid: account.sid, authToken: account.token, ...twilio } as Settings }),
      ...(smtp && { mail: { ...mail, host: "127.0.0.1", ...smtp } as Settings }),
    },
    channels,
  };
}

const fillers: Readonly<Record<string, () => string>> = {
  "make-secret": newSecret,
  "make-proof-key": () => String(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" })),
};

/** Puts what the commands would print in the place of what says so. */
function fill(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fill);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each)]));
  const [, command = ""] = typeof value === "string" ? (/^replace by what (\S+) prints$/.exec(value) ?? []) : [];
  return fillers[command]?.() ?? value;
}
