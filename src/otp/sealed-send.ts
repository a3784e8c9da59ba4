import type { Keyring } from "./keyring.ts";
import type { ChallengeRef } from "./ledger.ts";
import type { Binding, Recipient } from "./types.ts";

/** What a resend has to know of the send, and VerifyCode has to answer: stored encrypted, with the challenge. */
export type SealedSend = {
  readonly recipient: Recipient;
  readonly binding: Binding;
  readonly locale: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly autofill: { readonly androidAppHash: string; readonly webOrigin: string };
};

export const sealSend = (keyring: Keyring, ref: ChallengeRef, send: SealedSend): string => keyring.seal(ref, JSON.stringify(send));

/** Trusted as read: only our own key can have written it. */
export const unsealSend = (keyring: Keyring, ref: ChallengeRef, sealed: string): SealedSend =>
  JSON.parse(keyring.unseal(ref, sealed)) as SealedSend;
