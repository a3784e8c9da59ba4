import { type KeyObject, X509Certificate } from "node:crypto";
import { NoAnswer, postOnce } from "./post-once.ts";
import type { SnsConfig } from "./sns-config.ts";
import { createVendorAgent } from "./vendor-agent.ts";

/** Fetches from Amazon's own hosts, and from no other, whatever an envelope says. */
export type SnsCertificates = {
  keyAt(url: string): Promise<KeyObject | "not_theirs" | "unavailable">;
  visit(url: string): Promise<"done" | "not_theirs" | "unavailable">;
};

const timeoutMs = 5_000;
/** A certificate is used for months, by all topics of a region, and its successor has another address. */
const maxKept = 8;
/** Who forges envelopes must not make us ask Amazon more often than that. */
const maxFetches = 10;
const fetchWindowMs = 60_000;

/** All that may stand behind the origin: one address for one certificate, so that none is kept twice. */
const certificateForm = /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/;

type Kept = { readonly key: KeyObject; readonly until: number };

/** The service of the topic's region; what stands in its place, for a proxy or a test, may be asked too. */
export function createSnsCertificates({ receipts, baseUrl }: SnsConfig, { now }: { now(): number }): SnsCertificates {
  const origins = new Map(originsOf(receipts?.topicArn ?? "", baseUrl).map((origin) => [origin, createVendorAgent(origin)]));
  const kept = new Map<string, Kept>();
  const underWay = new Map<string, Promise<KeyObject | "unavailable">>();
  const mayFetch = createBudget(now);
  const get = async (url: URL): Promise<string | undefined> => {
    const agent = origins.get(url.origin);
    if (!agent || !mayFetch()) return undefined;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const { status, body } = await postOnce({ method: "GET", url, headers: { "user-agent": "countersign" }, body: "", agent, signal });
      return status === 200 ? body : undefined;
    } catch (error) {
      if (error instanceof NoAnswer) return undefined;
      throw error;
    }
  };
  const fetchKey = async (url: URL): Promise<KeyObject | "unavailable"> => {
    const certificate = parseCertificate((await get(url)) ?? "", now());
    if (!certificate) return "unavailable";
    if (kept.size >= maxKept) kept.delete(kept.keys().next().value ?? "");
    kept.set(url.href, { key: certificate.publicKey, until: certificate.validToDate.getTime() });
    return certificate.publicKey;
  };
  const fetchOnce = (url: URL): Promise<KeyObject | "unavailable"> => {
    const fetching = underWay.get(url.href) ?? fetchKey(url).finally(() => underWay.delete(url.href));
    underWay.set(url.href, fetching);
    return fetching;
  };
  return {
    async keyAt(text) {
      const url = URL.parse(text);
      if (!url || !origins.has(url.origin) || !certificateForm.test(url.href.slice(url.origin.length))) return "not_theirs";
      const known = kept.get(url.href);
      return known && now() < known.until ? known.key : fetchOnce(url);
    },
    async visit(text) {
      const url = URL.parse(text);
      if (!url || !origins.has(url.origin) || url.searchParams.get("Action") !== "ConfirmSubscription") return "not_theirs";
      return (await get(url)) === undefined ? "unavailable" : "done";
    },
  };
}

/** Hosts are those of https://docs.aws.amazon.com/general/latest/gr/sns.html. */
function originsOf(topicArn: string, baseUrl: string | undefined): string[] {
  const region = topicArn.split(":")[3] ?? "";
  const own = `https://sns.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return baseUrl === undefined ? [own] : [own, new URL(baseUrl).origin];
}

/** The connection vouches for whose it is; what is left to check is its time. */
function parseCertificate(pem: string, now: number): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const isValid = certificate.validFromDate.getTime() <= now && now <= certificate.validToDate.getTime();
    return isValid && certificate.publicKey.asymmetricKeyType === "rsa" ? certificate : undefined;
  } catch {
    return undefined;
  }
}

function createBudget(now: () => number): () => boolean {
  let fetches: number[] = [];
  return () => {
    const since = now() - fetchWindowMs;
    fetches = fetches.filter((at) => at > since);
    if (fetches.length >= maxFetches) return false;
    fetches.push(now());
    return true;
  };
}
