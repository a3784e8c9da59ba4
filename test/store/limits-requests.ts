import { randomBytes } from "node:crypto";
import type { LimitTake } from "../../src/otp/limit-counter.ts";

export const newId = (): string => randomBytes(12).toString("base64url");

export const longMs = 600_000;

type More = Partial<LimitTake> & { readonly max?: number; readonly windowMs?: number };

/** One of a counter of its own, by default, with room for five in ten minutes. */
export const taking = ({ max = 5, windowMs = longMs, ...more }: More = {}): LimitTake => ({
  id: newId(),
  amount: 1,
  windows: [{ windowMs, max }],
  isAdvisory: false,
  ...more,
});
