/**
 * One language. Every text is ICU MessageFormat (an apostrophe before a brace is written twice) with the variables {code}, {app} and
 * {lifetime}; the counts of time have {count}. A translation is one record of this type, entered in `languages.ts`.
 *
 * In a text message the code comes first, where a notification shows it. Where the language can do without other characters, it keeps
 * to the GSM alphabet, of which 160 make one message to pay for instead of 70.
 */
export type Phrases = {
  /** Time, in the grammatical case that the texts below need. */
  readonly minutes: string;
  readonly seconds: string;
  /** What people call the values that codes confirm most. */
  readonly names: { readonly amount: string; readonly payee: string };
  /** Takes the place of `{confirming}` below when the code confirms something; has {details}. */
  readonly confirming: string;
  readonly sms: string;
  /** The same without the time, for messages that are read by machines with little room. */
  readonly compact: string;
  readonly speech: { readonly before: string; readonly after: string };
  readonly mail: {
    /** Also the heading above the code, hence without the code. */
    readonly subject: string;
    /** First line of the plain text. */
    readonly code: string;
    /** Stands above a table of what the code confirms. */
    readonly confirms: string;
    readonly expires: string;
    readonly warning: string;
  };
};
