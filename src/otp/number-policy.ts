/** What a phone number is for, as its digits tell or its carrier says. `unknown`: nobody was given such a number. */
export const numberTypes = [
  "mobile",
  "fixed_line",
  "fixed_line_or_mobile",
  "voip",
  "toll_free",
  "premium_rate",
  "shared_cost",
  "personal_number",
  "pager",
  "uan",
  "voicemail",
  "unknown",
] as const;
export type NumberType = (typeof numberTypes)[number];

/** Channels whose messages go to a phone number and are paid for. */
export const phoneChannels = ["sms", "voice", "whatsapp"] as const;
export type PhoneChannel = (typeof phoneChannels)[number];

/** Where an application sends, by channel; a channel without an entry sends nowhere. */
export type NumberPolicy = {
  /** Numbers and beginnings of numbers in E.164, whatever else is said of them. */
  readonly allow: ReadonlySet<string>;
  readonly block: ReadonlySet<string>;
  readonly channels: Readonly<Partial<Record<PhoneChannel, ChannelPolicy>>>;
};

export type ChannelPolicy = {
  /** ISO 3166-1 alpha-2; "any" still means one of them, and no range that is nobody's or everybody's. */
  readonly countries: ReadonlySet<string> | "any";
  readonly types: ReadonlySet<NumberType>;
};

/** What can be told of a number without asking anybody. */
export type DescribedNumber = {
  /** Undefined for satellite, shared and other numbers that belong to no country. */
  readonly country?: string;
  readonly type: NumberType;
  /** Every way to write it in E.164, itself among them. */
  readonly spellings: readonly string[];
};

/** Whether an application asks for a captcha, and of which of the configured kinds. */
export type CaptchaTerms = {
  /** Name of the captcha in the configuration. */
  readonly use: string;
  /** Of whom before every send; `limits`: only when a limit asks for it. */
  readonly require: "always" | "browser" | "limits";
  /** Hosts whose pages may have had it solved; empty: whichever the vendor lets. */
  readonly hostnames: readonly string[];
  /** What holds while the vendor does not answer. */
  readonly onFailure: "closed" | "open";
};

/** What an application asks about a number before it pays for a message. */
export type LookupTerms = {
  /** Name of the lookup in the configuration. */
  readonly use: string;
  readonly channels: ReadonlySet<PhoneChannel>;
  readonly simSwap?: {
    /** A SIM that is in its phone for less than this is recent. */
    readonly recentMs: number;
    readonly action: "refuse" | "other_channel" | "tell";
  };
  readonly lineType: boolean;
  readonly reachability: boolean;
  readonly onFailure: "closed" | "open";
};
