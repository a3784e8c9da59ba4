/**
 * The seams of the service: to whoever carries messages, signs proofs and writes down events. Those to the store are in
 * `store-ports.ts`, those of the checks before a send in `guard-ports.ts`. The rules of `otp/` call these and nothing else; `assemble/`
 * chooses who stands behind them.
 */
import type { Proof, SignedProof } from "./proof.ts";
import type { Receipt, ReceiptCall, ReceiptReading } from "./receipt.ts";
import type { FieldViolation, Reason } from "./refusal.ts";
import type { Application, Binding, Channel, Recipient } from "./types.ts";

/** Makes a verification into a token that others check by themselves. */
export interface ProofSigner {
  sign(proof: Proof): Promise<string>;
}

/** Reads what the signer signed for an application; undefined for anything else. Does not look at the clock. */
export interface ProofReader {
  read(token: string, application: string): Promise<SignedProof | undefined>;
}

/** A message ready to be carried. `code` is here for providers that need it apart (voice, templates), and nowhere else. */
export type Message = {
  readonly channel: Channel;
  readonly to: string;
  /** Where a phone number belongs (ISO 3166-1 alpha-2), if anywhere; the carrier knows. */
  readonly country?: string;
  readonly code: string;
  /** Plain text; what is spoken, for voice, apart from the code itself. */
  readonly text: string;
  readonly subject?: string;
  readonly html?: string;
  /** Who an email says it is from, in place of the provider's own. */
  readonly fromName?: string;
  /** BCP 47 tag of the language the text was found in. */
  readonly locale: string;
  /** Which of the application's purposes the code is for; some countries register texts by it. */
  readonly purpose?: string;
  /** For voice: what is said before and after the code, and how often the whole is said. */
  readonly speech?: { readonly before: string; readonly after: string; readonly repeat: number };
  /** The id of the application that sends it. */
  readonly application: string;
  readonly challengeId: string;
  /** Unique for the message; a provider with an idempotency key of its own passes it on. */
  readonly deliveryId: string;
  /** Where the provider is to tell what becomes of the message, and what we call it there; absent where nobody listens. */
  readonly receipt?: { readonly url: string; readonly name: string };
  /** Headers that carry the trace of its send on, where there is one. */
  readonly trace?: Readonly<Record<string, string>>;
};

/** Why a provider did not take a message: our own words, shown to callers and operators. */
export type DeliveryFailure =
  | "recipient_refused"
  | "recipient_opted_out"
  | "sender_refused"
  | "content_refused"
  | "credentials_refused"
  | "funds_exhausted"
  | "throttled"
  | "provider_error"
  | "unreachable"
  | "timeout";

/**
 * `retryable`: definitely not sent, another try or provider may help. `permanent`: definitely not sent, and will not be.
 * `unknown`: may have been sent (no answer after the request was written), so it must not be repeated blindly.
 */
export type SendResult =
  | { readonly outcome: "accepted"; readonly reference?: string }
  | {
      readonly outcome: "retryable" | "permanent" | "unknown";
      readonly failure: DeliveryFailure;
      /** The vendor's own code, for the log. */
      readonly vendorCode?: string;
    };

/** Whose account delivers. Never rejects for what the vendor answers; whoever calls ends it by the signal. */
export interface Provider {
  readonly name: string;
  /** `onWritten` is called when the request may have left, after which nobody else is asked; who cannot tell never calls it. */
  send(message: Message, signal: AbortSignal, onWritten?: () => void): Promise<SendResult>;
}

/** Reads what one provider's vendor tells of its messages. */
export interface ReceiptReader {
  readonly methods: readonly ("GET" | "POST")[];
  /** Tells a vendor's receipt from a forged one, and what it says. Never rejects for what a caller wrote. */
  read(call: ReceiptCall): Promise<ReceiptReading>;
}

/** One try of one provider, as it came out. */
export type Attempt = { readonly provider: string; readonly result: SendResult; readonly durationMs: number };

/** Who brings the messages of one channel to their recipients, by one of several providers. */
export interface Carrier {
  /** Tries providers until one decides, and resolves to that try. `onAttempt` sees every try as it ends. */
  carry(
    message: Message,
    terms: { readonly signal: AbortSignal; readonly remainingMs: number; onAttempt(attempt: Attempt): void },
  ): Promise<Attempt>;
}

/** What a channel needs to word a message. */
export type Wording = {
  readonly application: Pick<Application, "displayName" | "defaultLocale" | "templates">;
  readonly recipient: Recipient;
  readonly code: string;
  readonly purpose: string;
  readonly binding: Binding;
  readonly locale: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly autofill: { readonly androidAppHash?: string; readonly webOrigin?: string };
  /** How long the code stays valid from now on. */
  readonly lifetimeMs: number;
};

/** What of a wording is the caller's. */
export type UncheckedWording = Pick<Wording, "application" | "purpose" | "binding" | "locale" | "variables">;

/** How a person receives a code: which recipients it reaches, how the message reads, and who carries it. */
export interface ChannelRoute {
  readonly channel: Channel;
  readonly reaches: readonly Recipient["kind"][];
  /** What the wording needs and the caller did not give, or may not; none where `compose` can say everything. */
  check(send: UncheckedWording): readonly FieldViolation[];
  compose(wording: Wording): Omit<Message, "application" | "challengeId" | "deliveryId" | "receipt">;
  readonly carrier: Carrier;
}

export type ParsedRecipient =
  | { readonly ok: true; readonly recipient: Recipient /** One per recipient, whatever the spelling. */; readonly key: string }
  | { readonly ok: false; readonly violation: FieldViolation };

/** Turns what a caller wrote into one identity. */
export type ParseRecipient = (recipient: Recipient, application: Application) => ParsedRecipient;

/** What operators see of a business event: who, masked; what; never a code. */
export type Outcome = {
  readonly application: string;
  readonly reason: "OK" | Reason;
  readonly challengeId?: string;
  readonly channel?: Channel;
  readonly recipient?: string;
  readonly purpose?: string;
  /** Nothing was sent: the recipient is one of the application's sandbox. */
  readonly sandbox?: boolean;
};

/** What an operator did by the admin service or a command. */
export type AdminAct = {
  readonly act: "get_recipient" | "trace_challenge" | "unlock_recipient" | "erase_recipient" | "block_prefix" | "end_block";
  readonly application: string;
  readonly keyId: string;
  /** A masked recipient, or a place. */
  readonly on: string;
  readonly reason: "OK" | Reason;
};

/** One function per business event: each writes its log line (and metric) and never throws. */
export interface Events {
  codeSent(outcome: Outcome): void;
  codeResent(outcome: Outcome): void;
  /** The service went on to the next channel by itself. */
  codeFellBack(outcome: Outcome): void;
  /** A message was not sent, and the caller is not told. */
  sendSuppressed(event: { readonly application: string; readonly channel: Channel; readonly why: string }): void;
  codeVerified(outcome: Outcome): void;
  challengeCanceled(outcome: Outcome): void;
  proofRedeemed(outcome: Outcome): void;
  adminActed(act: AdminAct): void;
  messageHandled(event: {
    readonly application: string;
    readonly challengeId: string;
    readonly channel: Channel;
    readonly provider: string;
    readonly result: SendResult;
    readonly durationMs: number;
  }): void;
  /** A captcha or a lookup could not say, and its application's setting decided. `name`: of it in the configuration. */
  checkUnavailable(event: {
    readonly check: "captcha" | "lookup";
    readonly application: string;
    readonly name: string;
    readonly outcome: "closed" | "open";
  }): void;
  /** A provider is passed over from now on for messages to a country (empty: to no country), or no longer is. */
  circuitChanged(event: { readonly provider: string; readonly country: string; readonly state: "open" | "closed" }): void;
  /** A vendor told what became of a message, and that was news. */
  receiptTaken(event: {
    readonly application: string;
    readonly challengeId: string;
    readonly provider: string;
    readonly state: Receipt["state"];
    readonly failure?: DeliveryFailure;
    readonly vendorCode?: string;
    /** Of the message's send. */
    readonly trace?: string;
  }): void;
  /** What claimed to be a vendor's receipt was not taken. */
  receiptRefused(event: {
    readonly provider: string;
    readonly outcome: Exclude<ReceiptReading["outcome"], "read">;
    readonly why: string;
  }): void;
  /** A message went out, but the store did not take its state; it will read as unknown. */
  deliveryNotRecorded(event: { readonly challengeId: string; readonly cause: unknown }): void;
}
