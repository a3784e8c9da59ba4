import type { PumpingSettings } from "../abuse/judge-traffic.ts";
import type { Secrets } from "../otp/keyring.ts";
import type { ProofKey } from "../otp/proof.ts";
import type { Prices } from "../otp/send-limit.ts";
import type { Application, Caller, Channel } from "../otp/types.ts";
import type { AwsKmsConfig } from "../providers/aws-kms-config.ts";
import type { Address } from "./address.ts";
import type { BoundsSettings } from "./bounds-settings.ts";
import type { CaptchaSettings, LookupSettings, ProviderSettings } from "./settings.ts";
import type { MongoTerms } from "./store-settings.ts";
import type { Store } from "./store-url.ts";
import type { TracingSettings } from "./tracing-settings.ts";

/** What the service was told to be: checked as a whole, in the units and types of the code. */
export type Config = {
  /** Development without a configuration file: loopback only, no keys, everything into the inbox. */
  readonly mode: "development" | "production";
  readonly listen: {
    readonly grpc: Address;
    readonly http: Address /** Of `AdminService`; without it, nobody serves it. */;
    readonly admin?: Address;
    /** Of /metrics; without it, only development serves them. */
    readonly metrics?: Address;
  };
  readonly store: Store;
  /** What a process may ask of MongoDB, where that is the store. */
  readonly mongo: MongoTerms;
  readonly secrets: Secrets;
  /** Under which the secrets of authenticators are kept, the encrypting one first; undefined where none can be. */
  readonly authenticatorKeys: readonly AuthenticatorKey[] | undefined;
  /** How verifications are signed; undefined where they are not. */
  readonly proofs: Proofs | undefined;
  /** What a listener lets strangers use up. */
  readonly bounds: BoundsSettings;
  readonly cors: { readonly origins: readonly string[] };
  /** `keepOneIn`: challenges of which one has its successes written. `repeatsPerMinute`: lines of one failure. */
  readonly log: { readonly level: LogLevel; readonly keepOneIn: number; readonly repeatsPerMinute: number };
  readonly applications: readonly Application[];
  /** Who may call, by the hash of its key. With no caller of any sort: whoever reaches the loopback addresses calls as the one application. */
  readonly keys: readonly CallerKey[];
  /** And by the names of its certificate, or by a token that one of the issuers signed. */
  readonly certificates: readonly CallerCertificate[];
  readonly tokens: readonly CallerToken[];
  readonly tokenIssuers: readonly TokenIssuer[];
  /** What the listeners show; undefined where they speak plaintext. */
  readonly tls: Tls | undefined;
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
  /** Where traces of calls go; undefined where none are made. */
  readonly tracing: TracingSettings | undefined;
  /** Where strangers report a vulnerability to; undefined where nobody is named. */
  readonly securityTxt:
    | { readonly contacts: readonly string[]; readonly policy?: string; readonly languages: readonly string[] }
    | undefined;
  /** Where vendors send receipts to, and when they are missed; undefined where none are asked for. */
  readonly receipts: { readonly publicUrl: string; readonly missingAfterMs: number } | undefined;
  /** Whether, and how often, the files it was read from are looked at for changes. */
  readonly reload: { readonly watch: boolean; readonly everyMs: number };
  /** Processes that serve. */
  readonly workers: number;
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

/** What holds for a caller, whatever it is known by. */
export type CallerTerms = {
  /** Of its entry, for the audit log. */
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

/** SHA-256 of the key, lower-case hexadecimal. */
export type CallerKey = CallerTerms & { readonly hash: string };

/** Patterns of names (`*.internal`, `spiffe://…`). */
export type CallerCertificate = CallerTerms & { readonly names: readonly string[] };

export type CallerToken = CallerTerms & {
  /** Id of one of the issuers. */
  readonly issuer: string;
  readonly claim: string;
  readonly value: string;
  /** A claim whose values say which of the rights the token has; without it, all of them. */
  readonly rightsClaim?: string;
  readonly rightsPrefix: string;
};

export type TokenIssuer = {
  readonly id: string;
  /** The claims iss and aud. */
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  readonly algorithms: readonly string[];
  readonly maxLifetimeMs: number;
  readonly clockToleranceMs: number;
  readonly cacheMs: number;
  readonly timeoutMs: number;
};

/** As PEM. */
export type Tls = {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
  readonly requireClientCertificate: boolean;
  readonly minVersion: "1.2" | "1.3";
};
