import type { Application } from "../otp/types.ts";
import { buildSendLimits, buildTrustedProxies } from "./abuse-settings.ts";
import { parseAddress } from "./address.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { buildAuthenticators } from "./authenticator-settings.ts";
import { buildRules } from "./build-rules.ts";
import { buildCallerCertificates } from "./caller-certificate-settings.ts";
import { buildCallerKeys } from "./caller-key-settings.ts";
import { buildCallerTokens, buildTokenIssuers } from "./caller-token-settings.ts";
import type { Config, Proofs } from "./config.ts";
import { decodeKeyMaterial } from "./key-material.ts";
import { buildLookupTerms } from "./lookup-settings.ts";
import { buildPolicy } from "./policy-settings.ts";
import { parseProofKey } from "./proof-key.ts";
import { buildPrices, buildPumping } from "./pumping-settings.ts";
import { buildReceipts } from "./receipt-settings.ts";
import { buildReload } from "./reload-settings.ts";
import { buildSandbox } from "./sandbox-settings.ts";
import { buildSecurityTxt } from "./security-txt-settings.ts";
import type { Settings } from "./settings.ts";
import { buildMongoTerms } from "./store-settings.ts";
import { parseStoreUrl } from "./store-url.ts";
import type { TlsFiles } from "./tls-files.ts";
import { canonicalTemplate } from "./wording-checks.ts";
import { buildWorkers } from "./workers-settings.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Settings that passed every check, in the units and types of the code. */
export function buildConfig(settings: Settings, mode: Config["mode"], readTls: TlsFiles["read"]): Config {
  const { listen, store, secrets, cors, log, applications, providers, channels, circuitBreaker } = settings;
  const parsedStore = parseStoreUrl(store.url);
  return {
    mode,
    listen: {
      grpc: checkedForm(parseAddress(listen.grpc)),
      http: checkedForm(parseAddress(listen.http)),
      ...(listen.admin !== undefined && { admin: checkedForm(parseAddress(listen.admin)) }),
      ...(listen.metrics !== undefined && { metrics: checkedForm(parseAddress(listen.metrics)) }),
    },
    store: checkedForm(parsedStore.ok ? parsedStore.store : undefined),
    mongo: buildMongoTerms(store),
    secrets: {
      ledgerKey: checkedForm(decodeKeyMaterial(secrets.ledgerKey)),
      codeKeys: secrets.codeKeys.map(({ id, secret }) => ({ id, secret: checkedForm(decodeKeyMaterial(secret)) })),
    },
    authenticatorKeys: secrets.authenticatorKeys?.map(({ id, secret, awsKms }) =>
      awsKms ? { id, awsKms } : { id, secret: checkedForm(decodeKeyMaterial(checkedForm(secret))) },
    ),
    proofs: settings.proofs && buildProofs(settings.proofs, applications),
    cors,
    bounds: settings.bounds,
    log,
    applications: applications.map((application) => buildApplication(application, settings.sendLimits)),
    keys: applications.flatMap(buildCallerKeys),
    certificates: applications.flatMap(buildCallerCertificates),
    tokens: applications.flatMap(buildCallerTokens),
    tokenIssuers: buildTokenIssuers(settings.tokenIssuers),
    tls: listen.tls && readTls(listen.tls),
    providers,
    channels: Object.fromEntries(Object.entries(channels).map(([channel, route]) => [channel, buildRules(route)])),
    trustedProxies: buildTrustedProxies(settings.trustedProxies),
    circuitBreaker: { failures: circuitBreaker.failures, openMs: circuitBreaker.openSeconds * 1000 },
    receipts: buildReceipts(settings.receipts),
    securityTxt: buildSecurityTxt(settings.securityTxt),
    captchas: settings.captchas,
    lookups: settings.lookups,
    pumping: buildPumping(settings.pumping),
    prices: buildPrices(settings.prices),
    reload: buildReload(settings.reload),
    tracing: settings.tracing,
    workers: buildWorkers(settings.workers),
    lookupCache: { ttlMs: settings.lookupCache.seconds * 1000, maxEntries: settings.lookupCache.entries },
  };
}

const buildProofs = (
  { issuer, ttlSeconds, subject, keys }: NonNullable<Settings["proofs"]>,
  applications: readonly ApplicationSettings[],
): Proofs => ({
  issuer,
  ttlMs: ttlSeconds * 1000,
  subject,
  audiences: new Map(applications.map(({ id, proofAudience }) => [id, proofAudience ?? id])),
  keys: keys.map(({ id, algorithm, status, privateKey }) => ({
    id,
    algorithm,
    status,
    privateKey: checkedForm(parseProofKey(privateKey)),
  })),
});

function buildApplication(settings: ApplicationSettings, sendLimits: Settings["sendLimits"]): Application {
  const { id, displayName, purposes, defaultLocale, channels, code, recipients, autofill, wording } = settings;
  return {
    id,
    displayName,
    purposes: purposes.includes("*") ? "any" : purposes,
    defaultPurpose: settings.defaultPurpose ?? checkedForm(purposes[0]),
    defaultLocale: checkedForm(Intl.getCanonicalLocales(defaultLocale)[0]),
    channels,
    code: {
      length: code.length,
      alphabet: code.alphabet,
      lifetimeMs: code.lifetimeSeconds * 1000,
      keepPrevious: code.keepPrevious,
      hash: code.hash,
    },
    limits: buildLimits(settings.limits),
    sendLimits: buildSendLimits(settings.sendLimits ?? sendLimits),
    fallbackAfterMs: settings.fallback.afterSeconds * 1000,
    sandbox: buildSandbox(settings.sandbox),
    recipients: {
      ignorePlusTag: recipients.ignorePlusTag,
      ...(recipients.defaultCountry !== undefined && { defaultCountry: recipients.defaultCountry }),
    },
    policy: buildPolicy(settings.policy, channels),
    ...(settings.captcha && { captcha: settings.captcha }),
    authenticators: buildAuthenticators(settings.authenticators, displayName),
    ...(settings.lookup && { lookup: buildLookupTerms(settings.lookup) }),
    autofill,
    templates: wording.templates.map(canonicalTemplate),
  };
}

function buildLimits({
  guessesPerChallenge,
  sendsPerChallenge,
  cooldownsSeconds,
  failures,
  sends,
}: ApplicationSettings["limits"]): Application["limits"] {
  return {
    guessesPerChallenge,
    sendsPerChallenge,
    cooldownsMs: cooldownsSeconds.map((seconds) => seconds * 1000),
    failureWindows: [
      { windowMs: hourMs, max: failures.perHour },
      { windowMs: dayMs, max: failures.perDay },
    ],
    failuresInRow: failures.inRow,
    sendWindows: [
      { windowMs: 10 * minuteMs, max: sends.per10Minutes },
      { windowMs: hourMs, max: sends.perHour },
      { windowMs: dayMs, max: sends.perDay },
    ],
  };
}

/** What the schema has checked cannot fail to parse; if it does, the schema is wrong. */
function checkedForm<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError("a setting passed its check and yet cannot be read");
  return value;
}
