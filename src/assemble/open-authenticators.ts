import { authenticatorFormat } from "../channels/authenticator-format.ts";
import type { Config } from "../config/config.ts";
import type { AuthenticatorTools } from "../otp/authenticator-deps.ts";
import type { AuthenticatorStore } from "../otp/authenticator-ports.ts";
import { createAuthenticatorEvents } from "../telemetry/authenticator-events.ts";
import type { Foundation } from "./foundation.ts";
import { openVault } from "./open-vault.ts";

type Deps = Pick<Foundation, "random" | "logger" | "metrics" | "inTurn" | "share" | "stretches"> & { readonly store: AuthenticatorStore };

export async function openAuthenticators(
  { authenticatorKeys }: Config,
  { store, random, logger, metrics, inTurn, share, stretches }: Deps,
  parts: AsyncDisposableStack,
): Promise<AuthenticatorTools> {
  const vault = authenticatorKeys && (await openVault(authenticatorKeys, { random, logger, share }));
  parts.defer(() => vault?.close());
  return {
    store,
    vault,
    format: authenticatorFormat,
    stretch: stretches.ofRecoveryCodes,
    inTurn,
    events: metrics.countAuthenticators(createAuthenticatorEvents(logger)),
  };
}
