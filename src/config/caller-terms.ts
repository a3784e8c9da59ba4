import { z } from "zod";
import { rights } from "../otp/types.ts";
import type { CallerTerms } from "./config.ts";
import { choice, list, text } from "./forms.ts";
import { origin, purpose } from "./shared-forms.ts";

const channels = ["sms", "voice", "email", "whatsapp", "push"] as const;

/** What an entry says of its caller, whatever the caller is known by. */
export const callerTerms = {
  id: text("a name of 1 to 40 characters of A-Z a-z 0-9 _ -", /^[A-Za-z0-9_-]{1,40}$/),
  kind: choice("service", "browser").default("service"),
  rights: list(choice(...rights), { min: 1, max: rights.length, write: `of ${rights.join(", ")}` }).optional(),
  origins: list(origin, { min: 1, max: 100, write: "origins" }).optional(),
  purposes: list(purpose, { min: 1, max: 50, write: "purposes" }).optional(),
  channels: list(choice(...channels), { min: 1, max: channels.length, write: `of ${channels.join(", ")}` }).optional(),
};

const entry = z.strictObject(callerTerms);

export function buildCallerTerms(
  { id, kind, rights: own, origins, purposes, channels: ofCaller }: z.output<typeof entry>,
  applicationId: string,
): CallerTerms {
  return {
    keyId: id,
    applicationId,
    kind,
    rights: own ?? (kind === "browser" ? ["codes"] : ["codes", "proofs"]),
    ...(origins && { origins }),
    ...(purposes && { purposes }),
    ...(ofCaller && { channels: ofCaller }),
  };
}
