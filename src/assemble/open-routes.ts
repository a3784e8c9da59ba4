import { createEmailRoute } from "../channels/email.ts";
import { countryOf } from "../channels/phone-number.ts";
import { createPushRoute } from "../channels/push.ts";
import { createSmsRoute } from "../channels/sms.ts";
import { createVoiceRoute } from "../channels/voice.ts";
import { createWhatsappRoute } from "../channels/whatsapp.ts";
import type { Config } from "../config/config.ts";
import type { ChannelRoute } from "../otp/ports.ts";
import type { Channel } from "../otp/types.ts";
import type { Carriers, CarriersDeps } from "../providers/create-carriers.ts";

export async function openCarriers(config: Config, deps: Omit<CarriersDeps, "countryOf">): Promise<Carriers> {
  const { createCarriers } = await import("../providers/create-carriers.ts");
  return createCarriers(config, { ...deps, countryOf });
}

export function createRoutes(carriers: Carriers): ReadonlyMap<Channel, ChannelRoute> {
  const create = {
    sms: createSmsRoute,
    voice: createVoiceRoute,
    email: createEmailRoute,
    whatsapp: createWhatsappRoute,
    push: createPushRoute,
  };
  const routes = Object.entries(create).flatMap(([channel, createRoute]) => {
    const carrier = carriers.byChannel.get(channel as keyof typeof create);
    return carrier ? [createRoute(carrier)] : [];
  });
  return new Map<Channel, ChannelRoute>(routes.map((route) => [route.channel, route]));
}
