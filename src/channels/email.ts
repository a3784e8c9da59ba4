import type { ChannelRoute, Provider } from "../otp/ports.ts";
import { type Worded, word } from "./wording.ts";

/**
 * The code is not in the subject: mail servers on the way log subjects, and lock screens show them where the text is hidden.
 * It comes first in the plain text, where previews find it.
 */
export const createEmailRoute = (providers: readonly Provider[]): ChannelRoute => ({
  channel: "email",
  reaches: "email",
  providers,
  compose(wording) {
    const worded = word(wording);
    const { code } = worded.said;
    const { subject } = worded.phrases.mail(worded.said);
    return {
      channel: "email",
      to: wording.recipient.value,
      code,
      subject,
      text: plainText(worded),
      html: html(worded),
      locale: worded.locale,
    };
  },
});

function plainText({ phrases, said, details }: Worded): string {
  const mail = phrases.mail(said);
  const confirmed = details.length > 0 ? [mail.confirms, ...details.map(({ name, value }) => `${name}: ${value}`), ""] : [];
  return [`${said.code} ${mail.isCode}`, "", ...confirmed, mail.expires, mail.warning, ""].join("\n");
}

/** Tables and inline styles are what mail programs agree on; nothing is fetched from anywhere. */
function html({ locale, phrases, said, details }: Worded): string {
  const mail = phrases.mail(said);
  const rows = details.map(
    ({ name, value }) => `<tr><td style="padding:2px 16px 2px 0;color:#555">${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  const confirmed =
    rows.length > 0
      ? [
          `<p style="margin:0 0 4px">${escapeHtml(mail.confirms)}</p>`,
          `<table role="presentation" style="margin:0 0 16px">${rows.join("")}</table>`,
        ]
      : [];
  return [
    "<!doctype html>",
    `<html lang="${escapeHtml(locale)}">`,
    `<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(mail.subject)}</title></head>`,
    `<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5;color:#111;background:#fff">`,
    `<p style="margin:0 0 8px">${escapeHtml(mail.heading)}</p>`,
    `<p style="margin:0 0 16px;font-family:monospace;font-size:32px;letter-spacing:4px;font-weight:bold">${escapeHtml(said.code)}</p>`,
    ...confirmed,
    `<p style="margin:0 0 8px">${escapeHtml(mail.expires)}</p>`,
    `<p style="margin:0;color:#555">${escapeHtml(mail.warning)}</p>`,
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
