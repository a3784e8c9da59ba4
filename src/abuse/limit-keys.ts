import type { SendAsk } from "../otp/guard-ports.ts";
import type { LimitKey } from "../otp/send-limit.ts";
import { clientKeysOf } from "./client-key.ts";

/** Whose counter a send takes from, by the key of the limit; undefined where the limit does not concern it. */
export type LimitKeys = Readonly<Record<LimitKey, string | undefined>>;

const lastDigits = 4;
/** All browsers whose address nobody knows are one client. A service that states none is not held to any. */
const nobody = "unknown";

export function limitKeysOf({ caller, recipient, client }: SendAsk, dialCodeOf: (e164: string) => string | undefined): LimitKeys {
  const keys = clientKeysOf(client.ipAddress);
  const isPhone = recipient.kind === "phone";
  const dialCode = isPhone ? dialCodeOf(recipient.value) : undefined;
  return {
    client: keys?.client ?? (caller.kind === "browser" ? nobody : undefined),
    network: keys?.network,
    device: client.deviceId || undefined,
    prefix: isPhone ? recipient.value.slice(0, -lastDigits) : undefined,
    dial_code: dialCode,
    application: "",
    spend: "",
    dial_code_spend: dialCode,
  };
}
