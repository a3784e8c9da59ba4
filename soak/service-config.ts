/** A configuration as an operator would write it: four applications, vendors with a second choice, receipts, proofs, limits. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createKey, hashKey } from "../src/rpc/auth.ts";

export const publicUrl = "https://otp.example.com/codes";
export const pageOrigin = "https://app.example.com";

export type Secrets = ReturnType<typeof makeSecrets>;

export function makeSecrets() {
  const secret = () => randomBytes(32).toString("base64");
  const newKey = () => createKey(randomBytes);
  const proof = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" });
  return {
    ledgerKey: secret(),
    codeKeys: [secret(), secret()],
    authenticatorKey: secret(),
    proofKey: String(proof),
    twilio: { sid: `AC${randomBytes(16).toString("hex")}`, token: randomBytes(16).toString("hex") },
    gateway: `whsec_${secret()}`,
    gatewayReceipts: `whsec_${secret()}`,
    keys: { shop: newKey(), bank: newKey(), page: newKey(), crowd: newKey() },
  };
}

export type Vendors = { readonly url: string; readonly smtpPort: number; readonly smtpCa: string };

/** `turn` makes one configuration differ from the one before in whatever a reload has to open anew. */
export function makeConfig(secrets: Secrets, vendors: Vendors, turn: number): object {
  const [first, second] = [turn % 2, (turn + 1) % 2];
  const codeKey = (index: number) => ({ id: `code-${index}`, secret: secrets.codeKeys[index] });
  return {
    listen: { grpc: "127.0.0.1:0", http: "127.0.0.1:0", metrics: "127.0.0.1:0" },
    reload: { watch: false },
    // Short enough that connections are renewed while the soak goes on.
    bounds: { grpc: { ageSeconds: 240 }, http: { ageSeconds: 180 } },
    secrets: {
      ledgerKey: secrets.ledgerKey,
      codeKeys: [codeKey(first), codeKey(second)],
      authenticatorKeys: [{ id: "soak", secret: secrets.authenticatorKey }],
    },
    proofs: {
      issuer: "https://otp.example.com",
      keys: [{ id: "soak", algorithm: "ES256", status: "current", privateKey: secrets.proofKey }],
    },
    applications: applications(secrets),
    providers: providers(secrets, vendors, 900 + first),
    channels: {
      sms: [{ to: { countries: ["DE"] }, providers: ["twilio", "gateway"] }, { providers: ["gateway", "twilio"] }],
      push: ["gateway"],
      email: ["mail"],
    },
    circuitBreaker: { failures: 5, openSeconds: 5 },
    receipts: { publicUrl, missingAfterSeconds: 30 },
    sendLimits: [
      { key: "client", callers: "service", windowSeconds: 600, max: 1_000_000, action: "refuse" },
      { key: "device", callers: "service", windowSeconds: 3600, max: 1_000_000, action: "refuse" },
      { key: "prefix", callers: "any", windowSeconds: 3600, max: 1_000_000, action: "refuse" },
      { key: "application", callers: "any", windowSeconds: 3600, max: 10_000_000, action: "refuse" },
    ],
  };
}

/** The same few thousand people come again and again: the most a person may ask for is the most that can be set. */
const limits = {
  failures: { perHour: 100, perDay: 100, inRow: 100 },
  sends: { per10Minutes: 100, perHour: 100, perDay: 100 },
};

function applications({ keys }: Secrets): readonly object[] {
  const service = (key: string, rights: readonly string[]) => [{ id: "soak", hash: `sha256:${hashKey(key)}`, rights }];
  const usual = { displayName: "Soak", purposes: ["login", "payment"], policy: { countries: "*" }, limits };
  return [
    {
      ...usual,
      id: "shop",
      channels: ["sms", "push", "email"],
      limits: { ...limits, cooldownsSeconds: [0], sendsPerChallenge: 10 },
      fallback: { afterSeconds: 10 },
      sandbox: [{ recipient: "reviewer@example.com", code: "246810", production: true }],
      keys: service(keys.shop, ["codes", "proofs", "authenticators"]),
    },
    {
      ...usual,
      id: "bank",
      channels: ["sms"],
      code: { length: 8, alphabet: "alphanumeric", lifetimeSeconds: 30 },
      keys: service(keys.bank, ["codes"]),
    },
    {
      ...usual,
      id: "page",
      channels: ["sms"],
      keys: [{ id: "soak", kind: "browser", origins: [pageOrigin], hash: `sha256:${hashKey(keys.page)}` }],
    },
    {
      ...usual,
      id: "crowd",
      channels: ["sms"],
      sendLimits: [{ key: "client", callers: "any", windowSeconds: 3600, max: 5, action: "refuse" }],
      keys: service(keys.crowd, ["codes"]),
    },
  ];
}

function providers(secrets: Secrets, { url, smtpPort, smtpCa }: Vendors, perSecond: number): object {
  return {
    twilio: {
      kind: "twilio",
      accountSid: secrets.twilio.sid,
      authToken: secrets.twilio.token,
      from: "+15005550006",
      baseUrl: url,
      timeoutSeconds: 1,
      perSecond,
      receipts: { authTokens: [secrets.twilio.token] },
    },
    gateway: {
      kind: "webhook",
      url: `${url}/gateway`,
      channels: ["sms", "push"],
      secrets: [secrets.gateway],
      allowPrivateHosts: ["127.0.0.1"],
      timeoutSeconds: 1,
      perSecond,
      receipts: { secrets: [secrets.gatewayReceipts] },
    },
    mail: {
      kind: "smtp",
      host: "127.0.0.1",
      port: smtpPort,
      tls: "starttls",
      ca: smtpCa,
      from: { address: "no-reply@example.com", name: "Soak" },
      perSecond,
    },
  };
}
