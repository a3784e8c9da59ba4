import type { Captcha, NumberLookup, SendGuard } from "../otp/guard-ports.ts";
import { type CaptchaDeps, createCaptchaCheck } from "./captcha.ts";
import { acceptOnce, type OnceDeps } from "./captcha-once.ts";
import { createProofOfWork, type ProofOfWork, type WorkFor } from "./captcha-proof-of-work.ts";
import { createLookupCheck, type LookupDeps } from "./lookup.ts";
import { type CacheSettings, cacheLookup } from "./lookup-cache.ts";
import { createPolicyCheck } from "./policy.ts";

type VendorSettings = { readonly kind: Exclude<Captcha["kind"], "proof_of_work"> };
type WorkSettings = { readonly kind: "proof_of_work"; readonly difficulty: number; readonly cost: number; readonly expireSeconds: number };

/** What was configured, by name; `Vendor` and `Lookup` are for those who carry the questions to understand. */
export type ChecksSettings<Vendor extends VendorSettings, Lookup> = {
  readonly captchas: Readonly<Record<string, Vendor | WorkSettings>>;
  readonly lookups: Readonly<Record<string, Lookup>>;
  readonly lookupCache: Omit<CacheSettings, "now">;
};

export type ChecksDeps<Vendor, Lookup> = OnceDeps &
  Pick<LookupDeps, "describeNumber"> & {
    createCaptcha(settings: Vendor): Captcha;
    createLookup(settings: Lookup): NumberLookup;
    /** Told when a vendor could not say, and what was made of it. */
    onUnavailable(event: CheckFailure): void;
  };

export type CheckFailure = {
  readonly check: "captcha" | "lookup";
  readonly application: string;
  readonly name: string;
  readonly outcome: "closed" | "open";
};

export type Checks = {
  readonly policy: SendGuard;
  readonly lookup: SendGuard;
  readonly captcha: ReturnType<typeof createCaptchaCheck>;
  readonly captchas: CaptchaDeps["captchas"];
  /**
   * Undefined without a built-in captcha; resolves to undefined when there is none of this name, or, without a name, not exactly one.
   */
  readonly createChallenge: ((ask: WorkFor & { readonly captcha: string }) => Promise<object | undefined>) | undefined;
};

/** The checks of a send that know nothing of other sends: where to, whose number, and whether a person asks. */
export function createChecks<Vendor extends VendorSettings, Lookup>(
  settings: ChecksSettings<Vendor, Lookup>,
  deps: ChecksDeps<Vendor, Lookup>,
): Checks {
  const works = new Map<string, ProofOfWork>();
  const captchas = new Map<string, Captcha>();
  for (const [name, captcha] of Object.entries(settings.captchas)) {
    if (isWork(captcha)) works.set(name, createProofOfWork(name, { ...captcha, ttlMs: captcha.expireSeconds * 1000 }, deps));
    captchas.set(name, isWork(captcha) ? (works.get(name) as ProofOfWork) : acceptOnce(name, deps.createCaptcha(captcha), deps));
  }
  const { describeNumber, now, random } = deps;
  const tell = (check: CheckFailure["check"]) => (event: Omit<CheckFailure, "check">) => deps.onUnavailable({ check, ...event });
  return {
    policy: createPolicyCheck(describeNumber),
    lookup: createLookupCheck({ lookupOf: createLookups(settings, deps), describeNumber, random, now, onUnavailable: tell("lookup") }),
    captcha: createCaptchaCheck({ captchas, onUnavailable: tell("captcha") }),
    captchas,
    createChallenge: works.size > 0 ? createChallengeOf(works) : undefined,
  };
}

const createChallengeOf =
  (works: ReadonlyMap<string, ProofOfWork>): NonNullable<Checks["createChallenge"]> =>
  async ({ captcha, ...work }) => {
    const chosen = captcha === "" && works.size === 1 ? [...works.values()][0] : works.get(captcha);
    return chosen?.createChallenge(work);
  };

const isWork = (captcha: VendorSettings | WorkSettings): captcha is WorkSettings => captcha.kind === "proof_of_work";

/** One memory for each application, or an answer that comes at once would tell one of them what another has asked. */
function createLookups<Vendor extends VendorSettings, Lookup>(
  { lookups, lookupCache }: ChecksSettings<Vendor, Lookup>,
  { createLookup, now }: ChecksDeps<Vendor, Lookup>,
): LookupDeps["lookupOf"] {
  const inner = new Map(Object.entries(lookups).map(([name, settings]) => [name, createLookup(settings)]));
  const cached = new Map<string, NumberLookup>();
  return (name, { id }) => {
    const known = cached.get(`${id} ${name}`);
    if (known) return known;
    const found = inner.get(name);
    if (!found) throw new TypeError(`no lookup has the name ${name}`);
    const created = cacheLookup(found, { ...lookupCache, now });
    cached.set(`${id} ${name}`, created);
    return created;
  };
}
