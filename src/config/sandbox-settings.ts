import { z } from "zod";
import { normalizeCode } from "../otp/code.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import type { Config } from "./config.ts";
import { flag, list, text } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";

const recipientForm = "one phone number in E.164, such as +491701234567, or one email address in lower case; no pattern";
const phoneOrEmail = /^(\+[1-9][0-9]{6,14}|[^\s@*%?"A-Z]{1,64}@[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+)$/;

/** Recipients to whom nothing is sent, each with its fixed code: for app stores' reviewers and end-to-end tests. */
export const sandboxSettings = list(
  z.strictObject({
    recipient: text(recipientForm, phoneOrEmail),
    code: text("the fixed code: as long as the application's codes, of their alphabet", /^[0-9A-Z]{4,10}$/),
    production: flag("Permits the recipient in production").default(false),
  }),
  { min: 0, max: 100, write: "recipients with their codes" },
);

export function checkSandbox({ sandbox, code }: Salvaged<ApplicationSettings>, mode: Config["mode"]): Explained[] {
  const entries = sandbox ?? [];
  const same = repeated(entries.map((entry) => entry?.recipient)).map((index) => ({
    path: ["sandbox", index, "recipient"],
    message: "stands in the list before: leave it out",
  }));
  const problems = entries.flatMap((entry, index) => {
    const found: Explained[] = [];
    if (mode === "production" && entry?.recipient !== undefined && entry.production === false)
      found.push({
        path: ["sandbox", index, "production"],
        message: "is false, and this is production, where its code is open to whoever knows it: write true, or leave the recipient out",
      });
    const isUnread = code?.length === undefined || code.alphabet === undefined || entry?.code === undefined;
    if (!isUnread && (entry.code.length !== code.length || normalizeCode(entry.code, code.alphabet) !== entry.code))
      found.push({
        path: ["sandbox", index, "code"],
        message: `is no code of this application: write ${code.length} ${code.alphabet === "digits" ? "digits" : "letters and digits that cannot be mistaken for one another"}`,
      });
    return found;
  });
  return [...same, ...problems];
}

export const buildSandbox = (settings: ApplicationSettings["sandbox"]): ReadonlyMap<string, string> =>
  new Map(settings.map(({ recipient, code }) => [recipient, code]));
