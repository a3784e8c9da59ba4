import { checkSendLimits } from "./abuse-settings.ts";
import { isLoopback, parseAddress } from "./address.ts";
import { checkApplications, isKeyless } from "./application-checks.ts";
import { checkCallerCertificates } from "./caller-certificate-settings.ts";
import { checkCallerTokens } from "./caller-token-settings.ts";
import { checkCaptchas } from "./captcha-settings.ts";
import { checkChannels } from "./channel-checks.ts";
import type { Config } from "./config.ts";
import { developmentSecrets } from "./development.ts";
import type { Explained } from "./issue.ts";
import { decodeKeyMaterial } from "./key-material.ts";
import { checkLookups } from "./lookup-settings.ts";
import { checkProofs } from "./proof-checks.ts";
import { checkReceipts } from "./receipt-settings.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";
import { checkStorePool } from "./store-settings.ts";
import { checkPlaintext } from "./tls-settings.ts";
import { checkWordings } from "./wording-checks.ts";
import { checkWorkers } from "./workers-settings.ts";

type Draft = Salvaged<Settings>;

/** What no setting can know by itself: whether they fit together, and whether it is safe to run them. */
export function crossCheck(draft: Draft, mode: Config["mode"]): Explained[] {
  return [
    ...checkAddresses(draft),
    ...checkOpenness(draft, mode),
    ...checkPlaintext(draft, mode),
    ...checkCallerCertificates(draft),
    ...checkCallerTokens(draft),
    ...checkStore(draft, mode),
    ...checkSecrets(draft, mode),
    ...checkApplications(draft.applications ?? [], mode),
    ...checkProofs(draft, mode),
    ...checkChannels(draft, mode),
    ...checkSendLimits(draft),
    ...checkReceipts(draft),
    ...checkCaptchas(draft.applications ?? [], draft.captchas),
    ...checkLookups(draft.applications ?? [], draft.lookups),
    ...checkWordings(draft.applications ?? []),
    ...checkWorkers(draft, mode),
  ];
}

function checkAddresses({ listen }: Draft): Explained[] {
  const named = Object.entries(listen ?? {}).flatMap(([name, text]) => {
    const address = addressOf(text);
    return address && address.port !== 0 ? [{ name, at: `${address.host}:${address.port}` }] : [];
  });
  return repeated(named.map(({ at }) => at)).map((index) => {
    const other = named.find(({ at }) => at === named[index]?.at)?.name;
    return { path: ["listen", named[index]?.name ?? ""], message: `is the address of listen.${other}: each needs its own` };
  });
}

function checkOpenness({ listen, applications }: Draft, mode: Config["mode"]): Explained[] {
  // An application whose keys could not be read may well have some.
  const keyless = applications?.every((application) => application !== undefined && isKeyless(application));
  if (mode === "production" && !keyless) return [];
  const why =
    mode === "development"
      ? "development mode asks nobody for a key: write a loopback address, or name a configuration file in COUNTERSIGN_CONFIG"
      : "no application has a key, so anybody who reaches it could send and verify codes: write a loopback address, or add a key that make-key prints";
  return Object.entries(listen ?? {}).flatMap(([name, text]) => {
    const address = addressOf(text);
    return address && !isLoopback(address) ? [{ path: ["listen", name], message: `is not a loopback address, and ${why}` }] : [];
  });
}

function checkStore({ store }: Draft, mode: Config["mode"]): Explained[] {
  const pool = checkStorePool(store ?? {});
  if (mode === "development" || store?.url !== "sqlite::memory:") return pool;
  const message = "is in memory, where a restart forgets every limit and every used code: write sqlite:PATH or mongodb://HOST/DATABASE";
  return [...pool, { path: ["store", "url"], message }];
}

function checkSecrets({ secrets }: Draft, mode: Config["mode"]): Explained[] {
  const keys = secrets?.codeKeys ?? [];
  const vaultKeys = secrets?.authenticatorKeys ?? [];
  const all = [
    { path: ["secrets", "ledgerKey"], bytes: bytesOf(secrets?.ledgerKey) },
    ...keys.map((key, index) => ({ path: ["secrets", "codeKeys", index, "secret"], bytes: bytesOf(key?.secret) })),
    ...vaultKeys.map((key, index) => ({ path: ["secrets", "authenticatorKeys", index, "secret"], bytes: bytesOf(key?.secret) })),
  ];
  const { ledgerKey, codeKeys, authenticatorKeys } = developmentSecrets;
  const known = [ledgerKey, ...[...codeKeys, ...authenticatorKeys].map(({ secret }) => secret)].map(bytesOf);
  const sameId = [
    ...repeated(keys.map((key) => key?.id)).map((index) => ({
      path: ["secrets", "codeKeys", index, "id"],
      message: "is the id of another code key: each needs its own",
    })),
    ...repeated(vaultKeys.map((key) => key?.id)).map((index) => ({
      path: ["secrets", "authenticatorKeys", index, "id"],
      message: "is the id of another authenticator key: each needs its own, and none may come back under another key",
    })),
  ];
  const sameSecret = repeated(all.map(({ bytes }) => bytes)).map((index) => ({
    path: all[index]?.path ?? [],
    message: "is the same as another secret: write what make-secret prints",
  }));
  const wellKnown = all
    .filter(({ bytes }) => mode === "production" && bytes !== undefined && known.includes(bytes))
    .map(({ path }) => ({ path, message: "is the one of development mode, which everybody knows: write what make-secret prints" }));
  return [...sameId, ...sameSecret, ...wellKnown];
}

/** Not every setting of `listen` is an address. */
const addressOf = (setting: unknown) => (typeof setting === "string" ? parseAddress(setting) : undefined);
const bytesOf = (text: string | undefined) => (text === undefined ? undefined : decodeKeyMaterial(text)?.toString("hex"));
