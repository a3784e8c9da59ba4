import type { Instruments } from "./metric-instruments.ts";

/** What a configuration's own parts show of themselves whenever somebody looks. */
export type Shown = {
  readonly providers: readonly { readonly name: string; readonly waiting: number; readonly openCountries: readonly string[] }[];
  /** `position`: 0 is the key that signs or encrypts. */
  readonly keys: readonly { readonly use: "code" | "proof" | "authenticator"; readonly id: string; readonly position: number }[];
  /** When the first one of each use ends; undefined where there is none. */
  readonly certificates: readonly { readonly use: "listener" | "client_ca"; readonly expiresAtMs: number | undefined }[];
};

/** Read off the configuration that is served now, so that nothing of one before it is left standing. */
export function createShownMetrics({ gauge }: Instruments): (show: () => Shown) => void {
  let show = (): Shown => ({ providers: [], keys: [], certificates: [] });
  gauge({
    name: "provider_waiting",
    help: "Messages that wait for their turn at a provider (perSecond), by provider",
    labels: ["provider"],
    collect(waiting) {
      waiting.reset();
      for (const each of show().providers) waiting.set({ provider: each.name }, each.waiting);
    },
  });
  gauge({
    name: "circuits_open",
    help: "Countries for which messages pass a provider over now, by provider",
    labels: ["provider"],
    aggregator: "max",
    collect(circuits) {
      circuits.reset();
      for (const each of show().providers) circuits.set({ provider: each.name }, each.openCountries.length);
    },
  });
  gauge({
    name: "circuit_open",
    help: "1 for each provider and country (ISO 3166-1; none: no phone number) whose messages pass the provider over now",
    labels: ["provider", "country"],
    aggregator: "max",
    collect(circuit) {
      circuit.reset();
      for (const { name, openCountries } of show().providers)
        for (const country of openCountries) circuit.set({ provider: name, country: country || "none" }, 1);
    },
  });
  gauge({
    name: "key_info",
    help: "Always 1; keys of the configuration by use, id and position (0 signs or encrypts, the others only verify or decrypt)",
    labels: ["use", "id", "position"],
    aggregator: "first",
    collect(keys) {
      keys.reset();
      for (const { use, id, position } of show().keys) keys.set({ use, id, position }, 1);
    },
  });
  gauge({
    name: "certificate_expiry_timestamp_seconds",
    help: "When a certificate expires, in seconds since 1970: the listeners' own (listener), or the authorities of callers' (client_ca)",
    labels: ["use"],
    aggregator: "min",
    collect(expiry) {
      expiry.reset();
      for (const { use, expiresAtMs } of show().certificates) if (expiresAtMs !== undefined) expiry.set({ use }, expiresAtMs / 1000);
    },
  });
  return (next) => {
    show = next;
  };
}

type ReloadOutcome = "applied" | "unchanged" | "refused" | "failed";

/** Told of every try to serve by another configuration. */
export function createReloadMetrics({ counter, gauge }: Instruments, now: () => number): (outcome: ReloadOutcome) => void {
  const reloads = counter({
    name: "configuration_reloads_total",
    help: "Times the configuration was read anew: applied, unchanged, refused (it is wrong) or failed (a part could not start)",
    labels: ["outcome"],
  });
  const last = gauge({
    name: "configuration_last_reload_timestamp_seconds",
    help: "When the configuration that is in use was taken, in seconds since 1970",
    aggregator: "min",
  });
  const isCurrent = gauge({
    name: "configuration_last_reload_successful",
    help: "1 while the configuration that was read last is in use, 0 while it is not, since it was refused or failed",
    aggregator: "min",
  });
  const succeed = (): void => {
    last.set(now() / 1000);
    isCurrent.set(1);
  };
  succeed();
  return (outcome) => {
    reloads.inc({ outcome });
    if (outcome === "applied") succeed();
    else isCurrent.set(outcome === "unchanged" ? 1 : 0);
  };
}
