import type { NumberLookup } from "../otp/guard-ports.ts";
import type { LookupConfig } from "./lookup-config.ts";
import { createTwilioLookup } from "./lookup-twilio.ts";
import { createWebhookLookup } from "./lookup-webhook.ts";

/** `close` drops the connections. */
export type ClosableLookup = NumberLookup & { close(): Promise<void> };

export function createLookup(config: LookupConfig, deps: { now(): number }): ClosableLookup {
  return config.kind === "twilio" ? createTwilioLookup(config, deps.now) : createWebhookLookup(config, deps);
}
