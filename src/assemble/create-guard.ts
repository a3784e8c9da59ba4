import type { BlockTable } from "../abuse/block-table.ts";
import { requireCaptcha } from "../abuse/captcha.ts";
import { clientKeysOf } from "../abuse/client-key.ts";
import { type Checks, createChecks } from "../abuse/create-checks.ts";
import { createLimitsCheck } from "../abuse/limits.ts";
import { priceOf } from "../abuse/price.ts";
import { createPumpingGuard } from "../abuse/pumping-guard.ts";
import { createSendGuard } from "../abuse/send-guard.ts";
import { describeNumber } from "../channels/number-type.ts";
import { countryOf, dialCodeOf } from "../channels/phone-number.ts";
import type { Config } from "../config/config.ts";
import type { RandomBytes } from "../otp/code.ts";
import type { SendGuard, TrafficObserver } from "../otp/guard-ports.ts";
import type { Keyring } from "../otp/keyring.ts";
import { pause } from "../otp/pause.ts";
import type { Events } from "../otp/ports.ts";
import type { Store } from "../otp/store-ports.ts";
import type { TrafficKind } from "../otp/traffic.ts";
import type { Recipient } from "../otp/types.ts";
import type { VendorCaptchaConfig } from "../providers/captcha-config.ts";
import type { LookupConfig } from "../providers/lookup-config.ts";
import type { VendorCaptcha } from "../providers/site-verify.ts";
import { createGuardEvents } from "../telemetry/guard-events.ts";
import { createLimitLog } from "../telemetry/limit-log.ts";
import type { Logger } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";

export type GuardDeps = {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly blocks: BlockTable;
  readonly random: RandomBytes;
  readonly now: () => number;
  readonly events: Pick<Events, "checkUnavailable">;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, "countGuard" | "countLimits" | "countPumping">;
  readonly onFault: (cause: unknown) => void;
  readonly gatherMs?: number;
};

export type Guard = {
  readonly guard: SendGuard;
  readonly traffic: TrafficObserver;
  readonly createChallenge: Checks["createChallenge"];
  /** For the operator, who names places as the guard does. */
  readonly places: { readonly placeKey: PlaceKey; readonly changed: () => Promise<void> };
};

type PlaceKey = (application: string, kind: TrafficKind, place: string) => string;

/** Whoever is asked about a send before it is paid for; what they hold open goes away with the parts. */
export async function openGuard(config: Config, deps: GuardDeps, parts: AsyncDisposableStack): Promise<Guard> {
  const { store, keyring, blocks, now, logger, onFault } = deps;
  const { metrics } = deps;
  const events = metrics.countPumping(createGuardEvents(logger, now));
  const checks = chooseChecks(config, { ...deps, ...(await loadVendors(config)) }, parts);
  const keyOf: PlaceKey = (...parts) => keyring.digest("place", ...parts);
  const networkOf = (ipAddress: string) => clientKeysOf(ipAddress)?.network;
  const pumping = createPumpingGuard(
    { store, blocks, keyOf, dialCodeOf, networkOf, now, events, onFault, ...(deps.gatherMs !== undefined && { gatherMs: deps.gatherMs }) },
    config.pumping,
  );
  parts.defer(() => settle(pumping));
  const limits = createLimitsCheck({
    store,
    digest: keyring.digest,
    dialCodeOf,
    priceOf: (ask) => priceOf(config.prices, ask),
    passCaptcha: checks.captcha.passCaptcha,
    requireCaptcha: (ask) => requireCaptcha(checks, ask),
    onReached: metrics.countLimits(createLimitLog(logger)),
  });
  const guard = createSendGuard({
    ofRecipient: [checks.policy, pumping],
    ofCaller: [checks.captcha, limits],
    last: [checks.lookup],
  });
  const isSandbox = sandboxOf(config);
  const counted = metrics.countGuard({ guard, traffic: pumping }, { countryOf, isSandbox });
  return { ...counted, createChallenge: checks.createChallenge, places: { placeKey: keyOf, changed: blocks.refresh } };
}

function sandboxOf({ applications }: Config): (application: string, recipient: Recipient) => boolean {
  const byId = new Map(applications.map(({ id, sandbox }) => [id, sandbox]));
  return (application, { value }) => byId.get(application)?.has(value) ?? false;
}

type Vendors = { createCaptcha(settings: VendorCaptchaConfig): VendorCaptcha; createLookup: CreateLookup };
type CreateLookup = typeof import("../providers/create-lookup.ts").createLookup;

/** Their code is loaded where one is configured. */
async function loadVendors({ captchas, lookups }: Config): Promise<Vendors> {
  const isVendors = Object.values(captchas).some(({ kind }) => kind !== "proof_of_work");
  return {
    createCaptcha: isVendors ? (await import("../providers/create-captcha.ts")).createCaptcha : notConfigured,
    createLookup: Object.keys(lookups).length > 0 ? (await import("../providers/create-lookup.ts")).createLookup : notConfigured,
  };
}

function notConfigured(): never {
  throw new TypeError("asked for a vendor that is not configured");
}

function chooseChecks(config: Config, deps: GuardDeps & Vendors, parts: AsyncDisposableStack): Checks {
  const { store, keyring, random, now, events, createCaptcha, createLookup } = deps;
  const closing = <Part extends { close(): Promise<void> }>(part: Part): Part => {
    parts.defer(() => part.close());
    return part;
  };
  return createChecks(config, {
    redemptions: store,
    digest: keyring.digest,
    random,
    now,
    describeNumber,
    createCaptcha: (settings: VendorCaptchaConfig) => closing(createCaptcha(settings)),
    createLookup: (settings: LookupConfig) => closing(createLookup(settings, { now })),
    onUnavailable: events.checkUnavailable,
  });
}

const settleMs = 1_000;

/** What was gathered is counted before the store closes, unless the store does not answer: what is not counted is only missed. */
async function settle(pumping: { settled(): Promise<void> }): Promise<void> {
  const settled = new AbortController();
  await Promise.race([pumping.settled(), pause(settleMs, settled.signal)]);
  settled.abort();
}
