import type { Keyring } from "./keyring.ts";
import type { ChallengeRef } from "./ledger.ts";
import type { Binding, ClientContext, Recipient } from "./types.ts";

/** What a resend has to know of the send, and VerifyCode has to answer: stored encrypted, with the challenge. */
export type SealedSend = {
  readonly recipient: Recipient;
  readonly binding: Binding;
  readonly locale: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly autofill: { readonly androidAppHash: string; readonly webOrigin: string };
  /** Whoever asked, so that what follows is counted with it. */
  readonly client: ClientContext;
  /** When the number's SIM was changed, where that is to be told. */
  readonly simSwappedAt?: number;
};

/** What is known now stands in place of what was known at the message before; what is not, takes nothing back. */
export const tellSimSwap = (send: SealedSend, { simSwappedAt }: Pick<SealedSend, "simSwappedAt">): SealedSend =>
  simSwappedAt === undefined ? send : { ...send, simSwappedAt };

export const sealSend = (keyring: Keyring, ref: ChallengeRef, send: SealedSend): string => keyring.seal(ref, JSON.stringify(send));

/** Trusted as read: only our own key can have written it. */
export const unsealSend = (keyring: Pick<Keyring, "unseal">, ref: ChallengeRef, sealed: string): SealedSend =>
  JSON.parse(keyring.unseal(ref, sealed)) as SealedSend;
