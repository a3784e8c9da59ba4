import { z } from "zod";
import type { Channel } from "../otp/types.ts";
import { birdCarries, birdConfig } from "./bird-config.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { httpSmsConfig } from "./http-sms-config.ts";
import { smtpConfig } from "./smtp-config.ts";
import { snsConfig } from "./sns-config.ts";
import { twilioCarries, twilioConfig } from "./twilio-config.ts";
import { vonageCarries, vonageConfig } from "./vonage-config.ts";
import { webhookChannels, webhookConfig } from "./webhook-config.ts";

const rateForm = "how many messages the provider takes in one second, a whole number from 1 to 1000";

/** What every provider may have besides its own settings. */
const common = {
  perSecond: z
    .int({ error: `write ${rateForm}` })
    .min(1, `write ${rateForm}`)
    .max(1000, `write ${rateForm}`)
    .optional()
    .meta({ description: `${rateForm}; default: no limit` }),
};

/** A provider as the configuration file has it. */
export const providerConfig = z.discriminatedUnion("kind", [
  twilioConfig.safeExtend(common),
  vonageConfig.safeExtend(common),
  birdConfig.safeExtend(common),
  snsConfig.safeExtend(common),
  smtpConfig.safeExtend(common),
  webhookConfig.safeExtend(common),
  httpSmsConfig.safeExtend(common),
]);

export type ProviderConfig = z.output<typeof providerConfig>;

/** What each kind can carry. */
export const providerKinds: Readonly<Record<ProviderConfig["kind"], { readonly carries: readonly Channel[] }>> = {
  twilio: { carries: ["sms", "voice", "whatsapp"] },
  vonage: { carries: ["sms", "voice", "whatsapp"] },
  bird: { carries: ["sms", "voice"] },
  sns: { carries: ["sms"] },
  smtp: { carries: ["email"] },
  webhook: { carries: webhookChannels },
  "http-sms": { carries: ["sms"] },
};

/** What one of them carries as it is configured: nobody calls from a name, and WhatsApp has a sender of its own. */
export function carriedChannels(config: ProviderConfig): readonly Channel[] {
  if (config.kind === "webhook") return config.channels;
  return providerKinds[config.kind].carries.filter((channel) => isSetUp(channel, config));
}

function isSetUp(channel: Channel, config: ProviderConfig): boolean {
  switch (config.kind) {
    case "twilio":
      return twilioCarries(channel, config);
    case "vonage":
      return vonageCarries(channel, config);
    case "bird":
      return birdCarries(channel, config);
    default:
      return true;
  }
}

export type ProviderDeps = {
  /** Milliseconds since 1970, for what is signed with its time. */
  now(): number;
};

/** `name` is the operator's own, shown in deliveries and logs. What is one vendor's alone is loaded here, when somebody uses it. */
export async function createProvider(name: string, config: ProviderConfig, deps: ProviderDeps): Promise<ClosableProvider> {
  switch (config.kind) {
    case "twilio":
      return (await import("./twilio.ts")).createTwilio(name, config);
    case "vonage":
      return (await import("./vonage.ts")).createVonage(name, config, deps);
    case "bird":
      return (await import("./bird.ts")).createBird(name, config);
    case "sns":
      return (await import("./sns.ts")).createSns(name, config);
    case "smtp":
      return (await import("./smtp.ts")).createSmtp(name, config);
    case "webhook":
      return (await import("./webhook.ts")).createWebhook(name, config, { now: deps.now });
    case "http-sms":
      return (await import("./http-sms.ts")).createHttpSms(name, config);
  }
}
