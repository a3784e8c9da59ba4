import { z } from "zod";
import { awsKmsConfig } from "../providers/aws-kms-config.ts";
import { providerConfig, providerKinds } from "../providers/create-provider.ts";
import { sendLimitSettings, trustedProxySettings } from "./abuse-settings.ts";
import { addressForm, parseAddress } from "./address.ts";
import { applicationSettings, type deliverableChannels } from "./application-settings.ts";
import { boundsSettings } from "./bounds-settings.ts";
import { tokenIssuerSettings } from "./caller-token-settings.ts";
import { captchasSettings } from "./captcha-settings.ts";
import { defaultSendLimits } from "./default-send-limits.ts";
import { checked, list, secret, text } from "./forms.ts";
import { keyMaterialForm, keyMaterialProblem } from "./key-material.ts";
import { logSettings } from "./log-settings.ts";
import { lookupCacheSettings, lookupsSettings } from "./lookup-settings.ts";
import { proofSettings } from "./proof-settings.ts";
import { priceSettings, pumpingSettings } from "./pumping-settings.ts";
import { receiptSettings } from "./receipt-settings.ts";
import { reloadSettings } from "./reload-settings.ts";
import { circuitBreakerSettings, routeSettings } from "./routing-settings.ts";
import { securityTxtSettings } from "./security-txt-settings.ts";
import { origin } from "./shared-forms.ts";
import { storeSettings } from "./store-settings.ts";
import { allowPlaintext, tlsSettings } from "./tls-settings.ts";
import { tracingSettings } from "./tracing-settings.ts";
import { workersSettings } from "./workers-settings.ts";

const address = checked(addressForm, (value) => (parseAddress(value) ? undefined : `is not an address: write ${addressForm}`));

const keyMaterial = () => secret(checked(keyMaterialForm, keyMaterialProblem));

const providerName = text("a name of 1 to 40 characters of a-z 0-9 -, a letter first", /^[a-z][a-z0-9-]{0,39}$/);
const settingsWith = <Provider extends z.ZodType>(provider: Provider) =>
  z.strictObject({
    listen: z
      .strictObject({
        grpc: address.default("127.0.0.1:50051"),
        http: address.default("127.0.0.1:8080"),
        admin: address.optional(),
        metrics: address.optional(),
        tls: tlsSettings.optional(),
        allowPlaintext,
      })
      .prefault({}),
    store: storeSettings,
    secrets: z.strictObject({
      ledgerKey: keyMaterial(),
      codeKeys: list(
        z.strictObject({
          id: text("a name of 1 to 32 characters of A-Z a-z 0-9 _ -", /^[A-Za-z0-9_-]{1,32}$/),
          secret: keyMaterial(),
        }),
        { min: 1, max: 8, write: "keys, the signing one first" },
      ),
      authenticatorKeys: list(
        z
          .strictObject({
            id: text("a name of 1 to 32 characters of A-Z a-z 0-9 _ -", /^[A-Za-z0-9_-]{1,32}$/),
            secret: keyMaterial().optional(),
            awsKms: awsKmsConfig.optional(),
          })
          .refine((key) => (key.secret === undefined) !== (key.awsKms === undefined), {
            path: ["secret"],
            error: "write either secret, as make-secret prints it, or awsKms",
          }),
        { min: 1, max: 8, write: "keys, the encrypting one first" },
      ).optional(),
    }),
    proofs: proofSettings.optional(),
    bounds: boundsSettings.prefault({}),
    cors: z.strictObject({ origins: list(origin, { min: 0, max: 100, write: "origins" }).default([]) }).prefault({}),
    log: logSettings.prefault({}),
    tokenIssuers: tokenIssuerSettings,
    applications: list(applicationSettings, { min: 1, max: 1000, write: "applications" }),
    providers: z.record(providerName, provider),
    channels: z.strictObject(routes()),
    circuitBreaker: circuitBreakerSettings.prefault({}),
    trustedProxies: trustedProxySettings.prefault({}),
    sendLimits: sendLimitSettings.default([...defaultSendLimits]),
    receipts: receiptSettings.optional(),
    securityTxt: securityTxtSettings.optional(),
    captchas: captchasSettings.default({}),
    lookups: lookupsSettings.default({}),
    lookupCache: lookupCacheSettings.prefault({}),
    pumping: pumpingSettings.prefault({}),
    prices: priceSettings.prefault({}),
    reload: reloadSettings.prefault({}),
    tracing: tracingSettings.optional(),
    workers: workersSettings,
  });

/** The inbox carries nothing to anybody, so it exists in development only; its kind is no choice in a file. */
const inboxConfig = z.strictObject({ kind: z.literal("inbox") });

/** What a configuration file may say. */
export const fileSettings = settingsWith(providerConfig);
/** And what development mode says of itself besides. */
export const settings = settingsWith(
  z.discriminatedUnion("kind", [providerConfig, inboxConfig], {
    error: (issue) => (issue.code === "invalid_union" ? `write one of ${Object.keys(providerKinds).join(", ")}` : undefined),
  }),
);

export type Settings = z.output<typeof settings>;
export type ProviderSettings = Settings["providers"][string];
export type CaptchaSettings = Settings["captchas"][string];
export type LookupSettings = Settings["lookups"][string];

function routes() {
  const route = routeSettings.optional();
  return { sms: route, voice: route, email: route, whatsapp: route, push: route } satisfies Record<
    (typeof deliverableChannels)[number],
    unknown
  >;
}
