import { authenticatorFormat } from "../channels/authenticator-format.ts";
import type { Config } from "../config/config.ts";
import type { AuthenticatorTools } from "../otp/authenticator-deps.ts";
import type { AuthenticatorStore } from "../otp/authenticator-ports.ts";
import type { RandomBytes } from "../otp/code.ts";
import { createLanes } from "../otp/lanes.ts";
import { createStretch, recoveryCodeCost } from "../otp/stretch.ts";
import { createAuthenticatorEvents } from "../telemetry/authenticator-events.ts";
import type { Logger } from "../telemetry/log.ts";
import { openVault } from "./open-vault.ts";

type Deps = { readonly store: AuthenticatorStore; readonly random: RandomBytes; readonly logger: Logger };

/** Recovery codes are hashed one at a time, beside the codes of messages: of Node's four threads, one is always left for everybody else. */
const stretchedAtOnce = 1;

export async function openAuthenticators(
  { authenticatorKeys }: Config,
  { store, random, logger }: Deps,
  parts: AsyncDisposableStack,
): Promise<AuthenticatorTools> {
  const vault = authenticatorKeys && (await openVault(authenticatorKeys, { random, logger }));
  parts.defer(() => vault?.close());
  return {
    store,
    vault,
    format: authenticatorFormat,
    stretch: createStretch(stretchedAtOnce, recoveryCodeCost),
    inTurn: createLanes(),
    events: createAuthenticatorEvents(logger),
  };
}
