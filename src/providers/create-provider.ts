import { z } from "zod";
import type { Channel } from "../otp/types.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import { createSmtp } from "./smtp.ts";
import { smtpConfig } from "./smtp-config.ts";
import { createTwilio } from "./twilio.ts";
import { isE164, twilioConfig } from "./twilio-config.ts";

/** A provider as the configuration file has it. */
export const providerConfig = z.discriminatedUnion("kind", [twilioConfig, smtpConfig]);

export type ProviderConfig = z.output<typeof providerConfig>;

/** What each kind can carry. */
export const providerKinds: Readonly<Record<ProviderConfig["kind"], { readonly carries: readonly Channel[] }>> = {
  twilio: { carries: ["sms", "voice"] },
  smtp: { carries: ["email"] },
};

/** What one of them carries as it is configured: Twilio calls from a number only, not from a name or a messaging service. */
export function carriedChannels(config: ProviderConfig): readonly Channel[] {
  const { carries } = providerKinds[config.kind];
  const mute = config.kind === "twilio" && !isE164(config.from ?? "");
  return mute ? carries.filter((channel) => channel !== "voice") : carries;
}

/** `name` is the operator's own, shown in deliveries and logs. The SDK of a vendor is loaded here, when somebody uses it. */
export function createProvider(name: string, config: ProviderConfig): Promise<ClosableProvider> {
  switch (config.kind) {
    case "twilio":
      return createTwilio(name, config);
    case "smtp":
      return createSmtp(name, config);
  }
}
