import { z } from "zod";

/** Settings that vendors have in common; each is given by what to write. */
export const checkedText = (write: string, pattern: RegExp) =>
  z
    .string({ error: `write ${write}` })
    .regex(pattern, `write ${write}`)
    .meta({ description: write });

export const secretText = (what: string) => {
  const error = `write the ${what}, visible ASCII characters only`;
  return z
    .string({ error })
    .regex(/^[\x21-\x7e]{1,256}$/, error)
    .meta({ description: what, secret: true });
};

/** A number that can be called back, and the only kind of sender that voice and WhatsApp have. */
export const isE164 = (sender: string): boolean => /^\+[1-9]\d{6,14}$/.test(sender);

/** As vendors write numbers that want them without a plus sign; names stay as they are. */
export const digits = (sender: string): string => sender.replace(/^\+/, "");

export const phoneNumber = (what: string) => checkedText(`${what}, such as +15551234567`, /^\+[1-9]\d{6,14}$/);

/** GSM 03.38 gives a name eleven characters; one without a letter would be taken for a number. */
export const isSenderName = (sender: string): boolean => /^[A-Za-z0-9 &+_-]{1,11}$/.test(sender) && /[A-Za-z]/.test(sender);

export const locale = checkedText("a language tag (BCP 47), such as en or de-CH", /^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$/);

const baseUrlForm = "an https:// origin; http:// only for a loopback address, because the credentials travel with every request";

export const baseUrl = z
  .string({ error: `write ${baseUrlForm}` })
  .refine(isSafeOrigin, `write ${baseUrlForm}`)
  .meta({ description: `where the API is, for a proxy or a test: ${baseUrlForm}` });

export const timeoutSeconds = z
  .number({ error: "write seconds from 1 to 14" })
  .min(1, "write seconds from 1 to 14")
  .max(14, "write seconds from 1 to 14")
  .default(8)
  .meta({ description: "how long one request may take in all, 1 to 14; a call of this service takes at most 15" });

/** For what is asked before a message is sent, in the same 15 seconds. */
export const briefTimeoutSeconds = z
  .number({ error: "write seconds from 0.5 to 5" })
  .min(0.5, "write seconds from 0.5 to 5")
  .max(5, "write seconds from 0.5 to 5")
  .default(3)
  .meta({ description: "how long one question may take in all, 0.5 to 5; the message that waits for it has 15 seconds in all" });

function isSafeOrigin(text: string): boolean {
  const url = URL.parse(text);
  if (!url || (url.origin !== text && `${url.origin}/` !== text)) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname));
}
