import type { ReceiptReader } from "../otp/ports.ts";
import { createBirdReceipts } from "./bird-receipt.ts";
import type { ProviderConfig } from "./create-provider.ts";
import { createSnsCertificates } from "./receipts-sns-certificates.ts";
import { createSnsReceipts } from "./sns-receipt.ts";
import { createTwilioReceipts } from "./twilio-receipt.ts";
import { createVonageReceipts } from "./vonage-receipt.ts";
import { createWebhookReceipts } from "./webhook-receipt.ts";

export type ReceiptReaderDeps = { now(): number; countryOf(to: string): string | undefined };

/** Who reads the receipts of a provider; undefined where it gives none, or was not told how to tell them from forged ones. */
export function createReceiptReader(config: ProviderConfig, deps: ReceiptReaderDeps): ReceiptReader | undefined {
  if (!("receipts" in config) || !config.receipts) return undefined;
  switch (config.kind) {
    case "twilio":
      return createTwilioReceipts(config);
    case "vonage":
      return createVonageReceipts(config, deps);
    case "bird":
      return createBirdReceipts(config, deps);
    case "sns":
      return createSnsReceipts(config, { ...deps, certificates: createSnsCertificates(config, deps) });
    case "webhook":
      return createWebhookReceipts(config, deps);
  }
}
