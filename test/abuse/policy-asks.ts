import type { SendAsk } from "../../src/otp/guard-ports.ts";
import type { Application, Caller } from "../../src/otp/types.ts";
import { application } from "../otp/fixture.ts";

type Ask = Partial<Omit<SendAsk, "caller" | "recipient">> & {
  readonly to?: string;
  readonly kind?: Caller["kind"];
  readonly of?: Partial<Application>;
};

/** Somebody asks for a text message to a German mobile phone, unless it says otherwise. */
export const anAsk = ({ to = "+4915112345678", kind = "service", of = {}, ...more }: Ask = {}): SendAsk => ({
  caller: { application: { ...application, ...of }, kind, rights: ["codes"], keyId: "k" },
  recipient: { kind: to.startsWith("+") ? "phone" : "email", value: to },
  ledger: "ledger",
  channel: "sms",
  purpose: "login",
  occasion: "send",
  client: { ipAddress: "", deviceId: "", userAgent: "" },
  captchaToken: "",
  ...more,
});

export const patience = (): AbortSignal => AbortSignal.timeout(10_000);
