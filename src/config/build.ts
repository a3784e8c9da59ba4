import type { Application } from "../otp/types.ts";
import { parseAddress } from "./address.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { buildRules } from "./build-rules.ts";
import type { CallerKey, Config, Proofs } from "./config.ts";
import { decodeKeyMaterial } from "./key-material.ts";
import { parseProofKey } from "./proof-key.ts";
import type { Settings } from "./settings.ts";
import { parseStoreUrl } from "./store-url.ts";
import { canonicalTemplate } from "./wording-checks.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Settings that passed every check, in the units and types of the code. */
export function buildConfig(settings: Settings, mode: Config["mode"]): Config {
  const { listen, store, secrets, cors, log, applications, providers, channels, circuitBreaker } = settings;
  const parsedStore = parseStoreUrl(store.url);
  return {
    mode,
    listen: { grpc: checkedForm(parseAddress(listen.grpc)), http: checkedForm(parseAddress(listen.http)) },
    store: checkedForm(parsedStore.ok ? parsedStore.store : undefined),
    secrets: {
      ledgerKey: checkedForm(decodeKeyMaterial(secrets.ledgerKey)),
      codeKeys: secrets.codeKeys.map(({ id, secret }) => ({ id, secret: checkedForm(decodeKeyMaterial(secret)) })),
    },
    proofs: settings.proofs && buildProofs(settings.proofs, applications),
    cors,
    log,
    applications: applications.map(buildApplication),
    keys: applications.flatMap(buildKeys),
    providers,
    channels: Object.fromEntries(Object.entries(channels).map(([channel, route]) => [channel, buildRules(route)])),
    circuitBreaker: { failures: circuitBreaker.failures, openMs: circuitBreaker.openSeconds * 1000 },
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

function buildApplication(settings: ApplicationSettings): Application {
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
    recipients: {
      ignorePlusTag: recipients.ignorePlusTag,
      ...(recipients.defaultCountry !== undefined && { defaultCountry: recipients.defaultCountry }),
    },
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

const buildKeys = ({ id, keys }: ApplicationSettings): CallerKey[] =>
  keys.map((key) => ({ hash: key.hash.replace("sha256:", ""), keyId: key.id, applicationId: id, kind: key.kind }));

/** What the schema has checked cannot fail to parse; if it does, the schema is wrong. */
function checkedForm<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError("a setting passed its check and yet cannot be read");
  return value;
}
