/** What a message has to say, ready to be shown. */
export type Said = {
  readonly code: string;
  readonly application: string;
  /** "5 minutes", in the language of the message. */
  readonly lifetime: string;
  /** What the code confirms (`amount 49.90 EUR, payee ACME`), or nothing. */
  readonly details: string;
};

/**
 * One language. A translation is one record of this type, entered in `wording.ts`. In a text message the code comes first, where a
 * notification shows it, and the default wording keeps to the GSM alphabet and 160 characters: one message to pay for.
 */
export type Phrases = {
  readonly minutes: (count: number) => string;
  readonly seconds: (count: number) => string;
  readonly sms: (said: Said) => string;
  readonly speech: (said: Said) => { readonly before: string; readonly after: string };
  readonly mail: (said: Said) => {
    readonly subject: string;
    /** Follows the code on its line in plain text. */
    readonly isCode: string;
    /** Stands above the code in HTML. */
    readonly heading: string;
    readonly confirms: string;
    readonly expires: string;
    readonly warning: string;
  };
};
