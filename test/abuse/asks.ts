import type { SendAsk } from "../../src/otp/guard-ports.ts";
import type { SendLimit } from "../../src/otp/send-limit.ts";
import type { Application, Caller } from "../../src/otp/types.ts";
import { application } from "../otp/fixture.ts";

type Asking = Partial<Omit<SendAsk, "caller" | "client" | "recipient">> & {
  readonly application?: Partial<Application>;
  readonly kind?: Caller["kind"];
  readonly to?: string;
  readonly ip?: string;
  readonly device?: string;
};

/** Somebody who wants a message. */
export function anAsk({
  application: more = {},
  kind = "service",
  to = "+4915112345678",
  ip = "",
  device = "",
  ...rest
}: Asking = {}): SendAsk {
  return {
    caller: { application: { ...application, ...more }, kind, rights: ["codes"], keyId: "k" },
    recipient: { kind: to.startsWith("+") ? "phone" : "email", value: to },
    ledger: "ledger",
    channel: to.startsWith("+") ? "sms" : "email",
    purpose: "login",
    occasion: "send",
    client: { ipAddress: ip, deviceId: device, userAgent: "" },
    captchaToken: "",
    ...rest,
  };
}

export const aLimit = (limit: Partial<SendLimit>): SendLimit => ({
  key: "client",
  callers: "any",
  windowMs: 600_000,
  max: 1,
  action: "refuse",
  ...limit,
});
