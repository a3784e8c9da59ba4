import type { Carrier, Wording } from "../../src/otp/ports.ts";
import type { Application } from "../../src/otp/types.ts";

export const application: Application = {
  id: "example",
  displayName: "Example",
  purposes: ["login"],
  defaultPurpose: "login",
  defaultLocale: "en",
  channels: ["sms", "voice", "email"],
  code: { length: 6, alphabet: "digits", lifetimeMs: 300_000, keepPrevious: false, hash: "hmac" },
  limits: { guessesPerChallenge: 5, sendsPerChallenge: 5, cooldownsMs: [30_000], failureWindows: [], failuresInRow: 50, sendWindows: [] },
  recipients: { ignorePlusTag: false },
  autofill: { androidAppHashes: [], webOrigins: [] },
};

export const applicationWith = (recipients: Partial<Application["recipients"]>): Application => ({
  ...application,
  recipients: { ...application.recipients, ...recipients },
});

export const wording: Wording = {
  application,
  recipient: { kind: "phone", value: "+4915112345678" },
  code: "482913",
  purpose: "login",
  binding: {},
  locale: "en",
  variables: {},
  autofill: {},
  lifetimeMs: 300_000,
};

/** For routes that only compose. */
export const noCarrier: Carrier = { carry: () => Promise.reject(new Error("nobody sends here")) };
