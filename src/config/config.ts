import type { PumpingSettings } from "../abuse/judge-traffic.ts";
import type { Secrets } from "../otp/keyring.ts";
import type { ProofKey } from "../otp/proof.ts";
import type { Prices } from "../otp/send-limit.ts";
import type { Application, Caller, Channel } from "../otp/types.ts";
import type { AwsKmsConfig } from "../providers/aws-kms-config.ts";
import type { Address } from "./address.ts";
import type { CaptchaSettings, LookupSettings, ProviderSettings } from "./settings.ts";
import type { Store } from "./store-url.ts";

/** What the service was told to be: checked as a whole, in the units and types of the code. */
export type Config = {
  /** Development without a configuration file: loopback only, no keys, everything into the inbox. */
  readonly mode: "development" | "production";
  readonly listen: {
    readonly grpc: Address;
    readonly http: Address /** Of `AdminService`; without it, nobody serves it. */;
    readonly admin?: Address;
  };
  readonly store: Store;
  readonly secrets: Secrets;
  /** Under which the secrets of authenticators are kept, the encrypting one first; undefined where none can be. */
  readonly authenticatorKeys: readonly AuthenticatorKey[] | undefined;
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
  /** Captchas by name, for applications to use. */
  readonly captchas: Readonly<Record<string, CaptchaSettings>>;
  /** Who may be asked about numbers, by name. */
  readonly lookups: Readonly<Record<string, LookupSettings>>;
  readonly lookupCache: { readonly ttlMs: number; readonly maxEntries: number };
  readonly pumping: PumpingSettings;
  readonly prices: Prices;
  /** Whose word on a caller's address counts, and in which header. */
  readonly trustedProxies: { readonly networks: readonly string[]; readonly header: "x-forwarded-for" | "forwarded" };
  readonly circuitBreaker: { readonly failures: number; readonly openMs: number };
  /** Where vendors send receipts to, and when they are missed; undefined where none are asked for. */
  readonly receipts: { readonly publicUrl: string; readonly missingAfterMs: number } | undefined;
};

/** A key of the configuration's own, or of a service that keeps it. */
export type AuthenticatorKey = { readonly id: string } & (
  | { readonly secret: Uint8Array; readonly awsKms?: never }
  | { readonly awsKms: AwsKmsConfig; readonly secret?: never }
);

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
  readonly rights: Caller["rights"];
  /** Pages that may use it; without them, all that CORS lets in. */
  readonly origins?: readonly string[];
  /** Of the application's, what it is for; without them, all. */
  readonly purposes?: readonly string[];
  readonly channels?: readonly Channel[];
};
