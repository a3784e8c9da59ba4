import type { AuthenticatorTerms } from "./authenticator-terms.ts";
import type { CaptchaTerms, LookupTerms, NumberPolicy } from "./number-policy.ts";
import type { SendLimit } from "./send-limit.ts";

/** How a person receives or produces a code. A channel is carried by one of several providers. */
export const channels = ["sms", "voice", "email", "whatsapp", "push", "totp", "hotp", "recovery_code"] as const;
export type Channel = (typeof channels)[number];

/** Whom a code is sent to, in canonical form: E.164, or an address with its domain in ASCII. */
export type Recipient = { readonly kind: "phone" | "email" | "subject"; readonly value: string };

/** What a code confirms, such as amount and payee. */
export type Binding = Readonly<Record<string, string>>;

/** At most `max` events in any `windowMs`. */
export type Window = { readonly windowMs: number; readonly max: number };

/** What a ledger allows. Frozen nowhere: a changed configuration holds from the next call on. */
export type LedgerLimits = {
  readonly guessesPerChallenge: number;
  readonly sendsPerChallenge: number;
  /** Wait after the first, second … message of a challenge; the last one repeats. */
  readonly cooldownsMs: readonly number[];
  readonly failureWindows: readonly Window[];
  /** Failures without a success in between that lock the recipient until an operator clears it (NIST 800-63B, 3.2.2). */
  readonly failuresInRow: number;
  readonly sendWindows: readonly Window[];
};

export type CodeAlphabet = "digits" | "alphanumeric";

/** One application: its own recipients' ledgers, its own keys, its own rules. */
export type Application = {
  /** Part of every hash: renaming an application orphans its open challenges and limits. */
  readonly id: string;
  /** How messages call it. */
  readonly displayName: string;
  /** The purposes callers may name; "any" in development only. */
  readonly purposes: readonly string[] | "any";
  readonly defaultPurpose: string;
  readonly defaultLocale: string;
  /** Channels it may use, and which one serves a kind of recipient when the caller names none. */
  readonly channels: readonly Channel[];
  readonly code: {
    readonly length: number;
    readonly alphabet: CodeAlphabet;
    readonly lifetimeMs: number;
    /** After a resend the previous code stays valid until the challenge expires, under the same guess budget. */
    readonly keepPrevious: boolean;
    readonly hash: "hmac" | "scrypt";
  };
  readonly limits: LedgerLimits;
  /** How often it may send, by client, number and the like; without rows, as often as its recipients' own limits let it. */
  readonly sendLimits?: readonly SendLimit[];
  /** How long a message may take before its challenge moves on to the next channel, where a caller asks for that. */
  readonly fallbackAfterMs?: number;
  /** Fixed codes of recipients, in canonical form, to whom nothing is sent. */
  readonly sandbox?: ReadonlyMap<string, string>;
  readonly recipients: {
    /** ISO 3166-1 alpha-2; without it only international numbers are understood. */
    readonly defaultCountry?: string;
    /** `a+x@example.com` and `a@example.com` share one ledger. */
    readonly ignorePlusTag: boolean;
  };
  readonly autofill: { readonly androidAppHashes: readonly string[]; readonly webOrigins: readonly string[] };
  /** Texts of its own, in place of those that come with the service. */
  readonly templates?: readonly MessageTemplate[];
  /** Which phone numbers it sends to; without one, to none. */
  readonly policy?: NumberPolicy;
  /** Without one, no captcha is ever asked for. */
  readonly captcha?: CaptchaTerms;
  /** Without one, nobody is asked about a number. */
  readonly lookup?: LookupTerms;
  /** Without them, those of `authenticator-terms.ts`. */
  readonly authenticators?: AuthenticatorTerms;
};

/** A message of an application's own in one language, for one purpose or for all of them. Its texts are ICU MessageFormat. */
export type MessageTemplate = {
  readonly purpose?: string;
  /** Canonical BCP 47 tag. */
  readonly locale: string;
  /** Values that callers give, and how many characters each may have. */
  readonly variables: Readonly<Record<string, number>>;
  /** Whether such a value may hold a link. */
  readonly allowLinks: boolean;
} & (
  | { readonly channel: "sms"; readonly text: string; readonly maxSegments: number }
  | { readonly channel: "whatsapp" | "push"; readonly text: string }
  | { readonly channel: "voice"; readonly before: string; readonly after: string }
  | { readonly channel: "email"; readonly subject: string; readonly text: string; readonly html?: string; readonly fromName?: string }
);

/** What a key may be for: sending and verifying codes, redeeming proofs, users' authenticators, an operator's acts. */
export const rights = ["codes", "proofs", "authenticators", "admin"] as const;
export type Right = (typeof rights)[number];

/** Who calls, as its key says. */
export type Caller = {
  readonly application: Application;
  /** A service may state its end user's address; a browser may not. */
  readonly kind: "service" | "browser";
  /** A browser's key is public, and is for codes only. */
  readonly rights: readonly Right[];
  /** Of the key it called with, for the audit log; empty where nobody needs one. */
  readonly keyId: string;
  /** Of the pages that the key is for; without them, any page. */
  readonly origins?: readonly string[];
};

/** Whoever the code is asked for by, as far as it is known. */
export type ClientContext = {
  /** In canonical form; empty when nobody could say it. */
  readonly ipAddress: string;
  readonly deviceId: string;
  readonly userAgent: string;
  /** Of the page that asked (`https://app.example.com`), where a browser said it. */
  readonly origin?: string;
};

/** What a use case is told besides the request. */
export type Call = {
  readonly caller: Caller;
  /** Aborts when the caller's deadline passes or it goes away. */
  readonly signal: AbortSignal;
  /** Milliseconds until that deadline; undefined when the caller named none. */
  remainingMs?(): number | undefined;
  /** Who calls, as the connection tells, whatever the request states. */
  client?(): ClientContext;
};
