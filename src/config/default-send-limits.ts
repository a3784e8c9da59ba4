import type { SendLimitSettings } from "./abuse-settings.ts";

const minutes = 60;
const hours = 60 * minutes;
const days = 24 * hours;

/** The table where a configuration has none. Each number is told, with its reason, in countersign.sample.yaml. */
export const defaultSendLimits: readonly SendLimitSettings[] = [
  { key: "client", callers: "any", windowSeconds: 10 * minutes, max: 20, action: "refuse" },
  { key: "client", callers: "any", windowSeconds: hours, max: 60, action: "refuse" },
  { key: "client", callers: "any", windowSeconds: days, max: 200, action: "refuse" },
  { key: "client", callers: "browser", windowSeconds: 10 * minutes, max: 10, action: "refuse" },
  { key: "client", callers: "browser", windowSeconds: days, max: 60, action: "refuse" },
  { key: "network", callers: "any", windowSeconds: 10 * minutes, max: 100, action: "refuse" },
  { key: "network", callers: "any", windowSeconds: days, max: 1_000, action: "refuse" },
  { key: "device", callers: "any", windowSeconds: 10 * minutes, max: 5, action: "refuse" },
  { key: "device", callers: "any", windowSeconds: days, max: 30, action: "refuse" },
  { key: "prefix", callers: "any", windowSeconds: 10 * minutes, max: 10, action: "refuse" },
  { key: "prefix", callers: "any", windowSeconds: days, max: 20, action: "refuse" },
  { key: "dial_code", callers: "any", windowSeconds: hours, max: 10_000, action: "refuse" },
  { key: "dial_code", callers: "any", windowSeconds: days, max: 100_000, action: "refuse" },
  { key: "application", callers: "any", windowSeconds: hours, max: 20_000, action: "refuse" },
  { key: "application", callers: "any", windowSeconds: days, max: 200_000, action: "refuse" },
];
