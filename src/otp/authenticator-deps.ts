import type { AuthenticatorEvents, AuthenticatorFormat, AuthenticatorStore, SecretVault } from "./authenticator-ports.ts";
import type { RandomBytes } from "./code.ts";
import type { Keyring } from "./keyring.ts";
import type { InTurn } from "./lanes.ts";
import type { ParseRecipient } from "./ports.ts";
import type { LedgerStore } from "./store-ports.ts";
import type { Stretch } from "./stretch.ts";

/** What authenticators need of the outside besides the ledgers. */
export type AuthenticatorTools = {
  readonly store: AuthenticatorStore;
  /** Undefined while the service has no key for secrets. */
  readonly vault?: SecretVault | undefined;
  readonly format: AuthenticatorFormat;
  /** Of recovery codes alone, so that guesses at them keep nobody else waiting. */
  readonly stretch: Stretch;
  /** Guesses at recovery codes, one at a time for each subject. */
  readonly inTurn: InTurn;
  readonly events: AuthenticatorEvents;
};

/** All that the use cases of `AuthenticatorService` need. */
export type AuthenticatorDeps = {
  readonly ledgers: Pick<LedgerStore, "inspect">;
  readonly keyring: Keyring;
  readonly random: RandomBytes;
  readonly parseRecipient: ParseRecipient;
  readonly authenticators: AuthenticatorTools;
};
