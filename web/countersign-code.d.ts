/** Types of `<countersign-code>` for TypeScript: `import "countersign/element"`. Held against the source by `test/web/declared-types.ts`. */
import type { Interceptor } from "@connectrpc/connect";

export type ChannelName = "sms" | "voice" | "whatsapp" | "email" | "other";

/** What the page gets for a right code. The server that the proof is for checks it; a page's word opens no door. */
export type Verification = {
  readonly challengeId: string;
  readonly channel: ChannelName;
  readonly purpose: string;
  readonly verifiedAt: Date;
  readonly proofToken: string;
};

export type SentDetail = { readonly challengeId: string; readonly channel: ChannelName; readonly maskedRecipient: string };

export type FailedDetail = {
  /** A reason of `countersign.v1.ErrorReason` without its prefix; `NO_ANSWER` where none came; `NOT_SENT` for what cannot be right. */
  readonly reason: string;
  readonly attemptsRemaining?: number;
  readonly retryAfterMs?: number;
};

export type CountersignEvents = {
  "countersign-sent": CustomEvent<SentDetail>;
  "countersign-verified": CustomEvent<Verification>;
  "countersign-failed": CustomEvent<FailedDetail>;
};

/** The page's own words, such as `{ send: "Text me a code" }`; `docs/embed.md` names them. */
export type OwnTexts = { readonly [name: string]: string | Readonly<Record<string, unknown>> };

export class CountersignCode extends HTMLElement {
  /** What the code confirms, such as amount and payee. */
  binding: Readonly<Record<string, string>>;
  /** For the application's own wording. */
  templateVariables: Readonly<Record<string, string>>;
  /** The page's own words in place of the element's. */
  texts: OwnTexts;
  /** Seen by every call: headers to add, calls to watch. */
  interceptors: readonly Interceptor[];
  /** Gives the answer to a captcha of the kind that the service asks for. */
  solveCaptcha: ((kind: string) => Promise<string>) | undefined;
  /** Resolves with the next verification, and never rejects. */
  verified: Promise<Verification>;
  /** Puts a code in as if it was typed, for pages that get it in ways of their own. */
  enterCode(text: string): void;
  /** Begins again: another recipient, another `verified`. */
  reset(): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "countersign-code": CountersignCode;
  }
  interface HTMLElementEventMap extends CountersignEvents {}
}
