/** The seams of whoever is asked before a message is paid for. */
import type { NumberType } from "./number-policy.ts";
import type { Refusal } from "./refusal.ts";
import type { Caller, Channel, ClientContext, Recipient } from "./types.ts";

/** A message that somebody asks for, before anything is written or paid. */
export type SendAsk = {
  readonly caller: Caller;
  readonly recipient: Recipient;
  /** Name of the recipient's ledger: one per application and recipient, from which the recipient cannot be told. */
  readonly ledger: string;
  readonly channel: Channel;
  readonly purpose: string;
  /** Who wants it: a caller, or the service itself after a channel that did not get there. */
  readonly occasion: "send" | "resend" | "fallback";
  readonly client: ClientContext;
  readonly captchaToken: string;
  /** Nothing will be sent, whatever is said: only what concerns the caller is asked. */
  readonly unsent?: boolean;
};

/** How long it took to ask those who are asked about messages that will be sent only. */
type Asked = { readonly lastAskedMs?: number };

export type Admission =
  | (Asked & {
      readonly outcome: "admitted";
      /** Gives back what was taken from the limits, when it turns out that no message is sent. */
      release?(): Promise<void>;
      /** Tells that the message is sent. */
      confirm?(): void;
      /** When the number's SIM was changed, if that is recent and to be told (milliseconds since 1970). */
      readonly simSwappedAt?: number;
    })
  /** `elsewhere`: not by this channel, but by another one of those asked for. */
  | { readonly outcome: "refused"; readonly refusal: Refusal; readonly elsewhere?: boolean }
  /** Nothing is sent, and the caller, a browser, must not be able to tell. */
  | (Asked & { readonly outcome: "suppressed"; readonly why: string; release?(): Promise<void> });

/** Who may ask, how often, and where to: answers before money is spent. Rejects with `StoreUnavailable` like the store it asks. */
export interface SendGuard {
  admit(ask: SendAsk, signal: AbortSignal): Promise<Admission>;
}

/** Told what becomes of messages, so that somebody can learn from it. Never throws, and keeps nobody waiting. */
export interface TrafficObserver {
  /** A person typed the code of a message to this recipient, asked for by this client. */
  verified(message: {
    readonly application: string;
    readonly recipient: Recipient;
    readonly client: ClientContext;
    /** That the code came by, as far as that is known. */
    readonly channel: Channel;
  }): void;
  delivered(message: { readonly application: string; readonly recipient: Recipient; readonly client: ClientContext }): void;
}

/** What a captcha's answer must have been given for; empty texts where it is not known. */
export type CaptchaUse = {
  /** Of the page that asks now. */
  readonly origin: string;
  /** Hosts of the pages it may have been solved on; none: any. */
  readonly hostnames: readonly string[];
  /** The purpose of the send. */
  readonly action: string;
  readonly ipAddress: string;
};

/** Tells people from machines. Never rejects for what a vendor answers; `unavailable` where it cannot say. */
export interface Captcha {
  readonly kind: "turnstile" | "hcaptcha" | "recaptcha_v2" | "recaptcha_v3" | "proof_of_work";
  check(token: string, use: CaptchaUse, signal: AbortSignal): Promise<"passed" | "refused" | "unavailable">;
}

/** What somebody knows of a number; undefined where it does not. Moments are milliseconds since 1970. */
export type NumberFacts = { readonly simSwappedAt?: number; readonly lineType?: NumberType; readonly reachable?: boolean };

/** What is worth paying for. */
export type NumberWants = { readonly simSwap: boolean; readonly lineType: boolean; readonly reachability: boolean };

/** Whoever knows a number's carrier. Never rejects for what it answers; `unavailable` where what is wanted cannot be had now. */
export interface NumberLookup {
  lookup(phoneNumber: string, wants: NumberWants, signal: AbortSignal): Promise<NumberFacts | "unavailable">;
}
