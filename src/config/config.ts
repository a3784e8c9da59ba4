import type { Secrets } from "../otp/keyring.ts";
import type { ProofKey } from "../otp/proof.ts";
import type { Application, Caller, Channel } from "../otp/types.ts";
import type { Address } from "./address.ts";
import type { ProviderSettings } from "./settings.ts";
import type { Store } from "./store-url.ts";

/** What the service was told to be: checked as a whole, in the units and types of the code. */
export type Config = {
  /** Development without a configuration file: loopback only, no keys, everything into the inbox. */
  readonly mode: "development" | "production";
  readonly listen: { readonly grpc: Address; readonly http: Address };
  readonly store: Store;
  readonly secrets: Secrets;
  /** How verifications are signed; undefined where they are not. */
  readonly proofs: Proofs | undefined;
  readonly cors: { readonly origins: readonly string[] };
  readonly log: { readonly level: LogLevel };
  readonly applications: readonly Application[];
  /** Who may call, by the hash of its key. Empty: whoever reaches the loopback addresses calls as the one application. */
  readonly keys: readonly CallerKey[];
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** Who carries each channel, and where to: of the rules the first that fits. */
  readonly channels: Readonly<Partial<Record<Channel, readonly RoutingRule[]>>>;
  readonly circuitBreaker: { readonly failures: number; readonly openMs: number };
};

export type RoutingRule = {
  /** Destinations of which one has to fit; without it, all do. */
  readonly to?: { readonly countries: readonly string[]; readonly prefixes: readonly string[] };
  /** In order of preference; those with a weight, which come first, in random order. */
  readonly providers: readonly { readonly name: string; readonly weight?: number }[];
};

export type Proofs = {
  readonly issuer: string;
  readonly ttlMs: number;
  /** Who `sub` is: a pseudonym, or the recipient itself. */
  readonly subject: "pairwise" | "recipient";
  /** `aud`, by the id of the application. */
  readonly audiences: ReadonlyMap<string, string>;
  readonly keys: readonly ProofKey[];
};

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export type CallerKey = {
  /** SHA-256 of the key, lower-case hexadecimal. */
  readonly hash: string;
  readonly keyId: string;
  readonly applicationId: string;
  readonly kind: Caller["kind"];
};
