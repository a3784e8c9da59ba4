/** What a person would find in the messages that reached the vendors. */
import type { Mail } from "../providers/smtp-server.ts";
import type { TwilioRequest } from "../providers/twilio-server.ts";

/** The code leads the text message. */
export const codeInText = (requests: readonly TwilioRequest[], to: string): string =>
  find(/^(\d+) is your/, requests.findLast(({ path, fields }) => path.endsWith("/Messages.json") && fields.To === to)?.fields.Body);

/** Digit by digit, twice. */
export function codeInCall(requests: readonly TwilioRequest[], to: string): string {
  const script = requests.findLast(({ path, fields }) => path.endsWith("/Calls.json") && fields.To === to)?.fields.Twiml ?? "";
  const digits = [...script.matchAll(/<Say[^>]*>(\d)<\/Say>/g)].map(([, digit]) => digit).join("");
  const once = digits.slice(0, digits.length / 2);
  if (once === "" || digits !== once + once) throw new Error("the call does not say the same code twice");
  return once;
}

/** In the plain text part. */
export const codeInMail = (mails: readonly Mail[], to: string): string =>
  find(
    /^(\d{4,10})\b/m,
    mails
      .findLast((mail) => mail.to.includes(to))
      ?.raw.split("\r\n\r\n")
      .slice(1)
      .join("\n"),
  );

function find(pattern: RegExp, text: string | undefined): string {
  const [, code] = pattern.exec(text ?? "") ?? [];
  if (code === undefined) throw new Error("no code in what the vendor got");
  return code;
}
