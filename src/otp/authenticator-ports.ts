/** Seams of authenticators, beside those of `ports.ts`. */
import type { AuthenticatorKind, LedgerAuthenticator } from "./authenticator.ts";
import type {
  AddAuthenticators,
  AddOutcome,
  ProveAuthenticator,
  ProveOutcome,
  RemoveAuthenticator,
  RemoveOutcome,
} from "./authenticator-requests.ts";
import type { Reason } from "./refusal.ts";

/**
 * Which authenticators a subject has, in its ledger. One atomic operation each, by the store's own clock, after the rules in
 * `authenticator-rules.ts`; specified by `test/store/authenticators-contract.ts`. Rejects like the ledgers.
 */
export interface AuthenticatorStore {
  addAuthenticators(request: AddAuthenticators): Promise<AddOutcome>;
  proveAuthenticator(request: ProveAuthenticator): Promise<ProveOutcome>;
  removeAuthenticator(request: RemoveAuthenticator): Promise<RemoveOutcome>;
}

/** Whose secret it is: it opens for no other record. */
export type SecretContext = { readonly application: string; readonly ledger: string; readonly authenticator: string };

/** Keeps secrets where the database does not have them. */
export interface SecretVault {
  /** Begins with the id of the data key, and a dot. */
  seal(secret: Uint8Array, context: SecretContext): Promise<string>;
  /** Undefined for what was altered, belongs to another record, or names a key that is gone. */
  open(sealed: string, context: SecretContext): Promise<Uint8Array | undefined>;
}

/** What a data key is for, said again when it is opened. */
export type KeyPurpose = Readonly<Record<string, string>>;

/** Keeps a key that never leaves it, and encrypts data keys with that. Both reject with `KeyServiceUnavailable`, within seconds. */
export interface KeyService {
  /** 32 random bytes to use and to overwrite, and the same as nobody else can read them. */
  makeDataKey(purpose: KeyPurpose): Promise<{ readonly key: Uint8Array; readonly wrapped: Uint8Array }>;
  /** Undefined for what is no data key of its own, or not one for that purpose. */
  openDataKey(wrapped: Uint8Array, purpose: KeyPurpose): Promise<Uint8Array | undefined>;
}

/** A secret as it is stored. */
export type SealedSecret = SecretContext & { readonly sealed: string };

/** For who puts all secrets under another key, while the service runs. Rejects like the ledgers. */
export interface SealedSecretStore {
  /** The secrets in the next `limit` records, but for those under one key. */
  listSecrets(page: SecretPage): Promise<SealedSecrets>;
  /** Compare and set: false, and nothing is written, where the secret is another by now, or gone. */
  replaceSecret(secret: SealedSecret & { readonly by: string }): Promise<boolean>;
}

/** `after`: where the page before ended, or "" to begin; `except`: the id of the key. */
export type SecretPage = { readonly after: string; readonly limit: number; readonly except?: string };

export type SealedSecrets = {
  readonly secrets: readonly SealedSecret[];
  /** Ledgers that cannot be read at all. */
  readonly damaged: readonly string[];
  /** Where the page ended; without it, there are no more records. */
  readonly next?: string;
};

type Kind = Exclude<AuthenticatorKind, "recovery_code">;
export type CodeForm = Pick<LedgerAuthenticator, "algorithm" | "digits">;

/** What an `otpauth://` URI says. */
export type Enrolled = CodeForm & {
  readonly kind: Kind;
  readonly secret: Uint8Array;
  readonly periodSeconds: number;
  readonly counter: number;
};

/** A URI as it stands: what it leaves out is missing. */
export type EnrolledUri = Pick<Enrolled, "kind" | "secret"> & Partial<Omit<Enrolled, "kind" | "secret">>;

/** What authenticators do, and what they have to be told. */
export interface AuthenticatorFormat {
  /** What one shows at that time step or counter. */
  codeAt(kind: Kind, form: CodeForm, secret: Uint8Array, position: number): string;
  writeBase32(secret: Uint8Array): string;
  /** Undefined for what is not Base32. */
  readBase32(text: string): Uint8Array | undefined;
  writeUri(enrolled: Enrolled, labels: { readonly issuer: string; readonly account: string }): string;
  /** Undefined for what is no such URI. */
  readUri(uri: string): EnrolledUri | undefined;
  drawQr(uri: string): Promise<{ readonly png: Uint8Array; readonly svg: Uint8Array }>;
}

/** What was done to a subject's authenticators, for operators. */
export type AuthenticatorAct = {
  readonly act: "enrol" | "confirm" | "resync" | "delete" | "generate_recovery_codes" | "import";
  readonly application: string;
  readonly keyId: string;
  /** Masked. */
  readonly subject: string;
  readonly kind?: AuthenticatorKind;
  readonly authenticator?: string;
  readonly reason: "OK" | Reason;
};

/** Like `Events`: each writes its log line and never throws. */
export interface AuthenticatorEvents {
  authenticatorChanged(act: AuthenticatorAct): void;
  /** A stored secret does not open for its record: it was altered or moved there, or its key is gone from the configuration. */
  secretUnreadable(event: SecretContext & { readonly keyId: string }): void;
}
