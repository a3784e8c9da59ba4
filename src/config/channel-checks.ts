import { carriedChannels, providerKinds } from "../providers/create-provider.ts";
import { deliverableChannels } from "./application-settings.ts";
import type { Config } from "./config.ts";
import type { Explained } from "./issue.ts";
import { suggest } from "./problem.ts";
import type { Salvaged } from "./salvage.ts";
import { type Settings, settings } from "./settings.ts";

type Draft = Salvaged<Settings>;

/** From application to channel to provider, every link has to hold. */
export function checkChannels(draft: Draft, mode: Config["mode"]): Explained[] {
  return [...checkWanted(draft), ...checkRoutes(draft), ...(mode === "production" ? checkInbox(draft) : [])];
}

function checkWanted({ applications, channels }: Draft): Explained[] {
  return (applications ?? []).flatMap((application, at) =>
    (application?.channels ?? []).flatMap((channel, index) =>
      channel !== undefined && channels && !(channel in channels && channels[channel])
        ? [
            {
              path: ["applications", at, "channels", index],
              message: `is ${channel}, which nobody carries: name a provider in channels.${channel}`,
            },
          ]
        : [],
    ),
  );
}

function checkRoutes({ channels, providers }: Draft): Explained[] {
  if (!providers) return [];
  return deliverableChannels.flatMap((channel) =>
    (channels?.[channel] ?? []).flatMap((name, index) => {
      const message = name === undefined ? undefined : routeProblem(channel, name, providers);
      return message === undefined ? [] : [{ path: ["channels", channel, index], message }];
    }),
  );
}

function routeProblem(
  channel: (typeof deliverableChannels)[number],
  name: string,
  providers: NonNullable<Draft["providers"]>,
): string | undefined {
  if (!Object.hasOwn(providers, name)) return `names no provider: ${suggest(name, Object.keys(providers))}`;
  const whole = settings.shape.providers.def.valueType.safeParse(providers[name]);
  if (!whole.success || whole.data.kind === "inbox" || carriedChannels(whole.data).includes(channel)) return undefined;
  const { kind } = whole.data;
  return providerKinds[kind].carries.includes(channel)
    ? `names a provider of kind ${kind} that cannot carry ${channel} as it is set up: see its settings in countersign.sample.yaml`
    : `names a provider of kind ${kind}, which carries ${providerKinds[kind].carries.join(" and ")}: name one that carries ${channel}`;
}

function checkInbox({ providers }: Draft): Explained[] {
  return Object.entries(providers ?? {})
    .filter(([, provider]) => provider?.kind === "inbox")
    .map(([name]) => ({
      path: ["providers", name, "kind"],
      message: "is inbox, which shows every code to everybody and is for development only",
    }));
}
