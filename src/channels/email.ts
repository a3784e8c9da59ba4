import type { Carrier, ChannelRoute } from "../otp/ports.ts";
import { checkWording } from "./check-wording.ts";
import { escapeHtml } from "./display-text.ts";
import { codeBlock, detailsBlock, htmlPage, paragraph, quiet } from "./email-html.ts";
import { type Detail, type Worded, word } from "./wording.ts";

type Mail = { readonly subject: string; readonly text: string; readonly html: string; readonly fromName?: string };

/**
 * The code is not in the subject: mail servers on the way log subjects, and lock screens show them where the text is hidden.
 * It comes first in the plain text, where previews find it.
 */
export const createEmailRoute = (carrier: Carrier): ChannelRoute => ({
  channel: "email",
  reaches: ["email"],
  carrier,
  check: (send) => checkWording("email", send),
  compose(wording) {
    const { recipient, code } = wording;
    const worded = word("email", wording);
    const mail = worded.template?.channel === "email" ? ownMail(worded, worded.template, code) : builtInMail(worded, code);
    return { channel: "email", to: recipient.value, code, ...mail, locale: worded.locale };
  },
});

function builtInMail({ locale, rightToLeft, phrases, details, say }: Worded, code: string): Mail {
  const { mail } = phrases;
  const text = (message: string) => say(message, "text").text;
  const html = (message: string) => say(message, "html").text;
  const confirmed = details.length > 0 ? [text(mail.confirms), ...linesOf(details), ""] : [];
  return {
    subject: text(mail.subject),
    text: [text(mail.code), "", ...confirmed, text(mail.expires), text(mail.warning), ""].join("\n"),
    html: htmlPage({ locale, rightToLeft, subject: text(mail.subject) }, [
      paragraph(html(mail.subject)),
      codeBlock(code),
      ...(details.length > 0 ? [paragraph(html(mail.confirms)), detailsBlock(details)] : []),
      paragraph(html(mail.expires)),
      quiet(html(mail.warning)),
    ]),
  };
}

type Template = Extract<Worded["template"], { channel: "email" }>;

/** Without an HTML part of its own, the text makes one. */
function ownMail({ locale, rightToLeft, say }: Worded, template: Template, code: string): Mail {
  const subject = say(template.subject.trim(), "text").text;
  const text = say(template.text.trim(), "text");
  const html = template.html === undefined ? { text: htmlOf(text.text, code), unsaid: text.unsaid } : say(template.html.trim(), "html");
  const rest = text.unsaid.length > 0 ? ["", ...linesOf(text.unsaid)] : [];
  return {
    subject,
    text: [text.text, ...rest, ""].join("\n"),
    html: htmlPage({ locale, rightToLeft, subject }, [html.text, ...(html.unsaid.length > 0 ? [detailsBlock(html.unsaid)] : [])]),
    ...(template.fromName !== undefined && { fromName: template.fromName }),
  };
}

/** Paragraphs are divided by empty lines; a code that stands by itself is shown as one. */
function htmlOf(text: string, code: string): string {
  const blocks = text.split(/\n\s*\n/).map((block) => block.trim());
  return blocks.map((block) => (block === code ? codeBlock(code) : paragraph(escapeHtml(block).replaceAll("\n", "<br>")))).join("\n");
}

const linesOf = (details: readonly Detail[]): string[] => details.map(({ name, value }) => `${name}: ${value}`);
