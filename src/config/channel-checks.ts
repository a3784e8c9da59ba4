import type { Config } from "./config.ts";
import type { Explained } from "./issue.ts";
import { checkRoutes } from "./routing-checks.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

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

function checkInbox({ providers }: Draft): Explained[] {
  return Object.entries(providers ?? {})
    .filter(([, provider]) => provider?.kind === "inbox")
    .map(([name]) => ({
      path: ["providers", name, "kind"],
      message: "is inbox, which shows every code to everybody and is for development only",
    }));
}
