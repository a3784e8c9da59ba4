import type { Channel } from "./types.ts";

/** What sends are counted by, from what few share to what all do. `spend` is money: of an application, and of an application in a country calling code. */
export const limitKeys = ["client", "network", "device", "prefix", "dial_code", "dial_code_spend", "application", "spend"] as const;
export type LimitKey = (typeof limitKeys)[number];

/** Money is counted in millionths of its unit, so that it adds up. */
export const spendUnit = 1_000_000;
export const isSpend = (key: LimitKey): boolean => key === "spend" || key === "dial_code_spend";

/** A row of the table: so many sends (or so much money) in so long, and what happens to the next one. */
export type SendLimit = {
  readonly key: LimitKey;
  /** Whose sends count. */
  readonly callers: "any" | "browser" | "service";
  readonly windowMs: number;
  readonly max: number;
  readonly action: LimitAction;
};

export const limitActions = ["refuse", "require_captcha", "record"] as const;
export type LimitAction = (typeof limitActions)[number];

/** Millionths of the operator's unit, by channel and the beginning of the number, or `default`. */
export type Prices = Readonly<Partial<Record<Channel, Readonly<Record<string, number>>>>>;
