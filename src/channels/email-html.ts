import { escapeHtml } from "./display-text.ts";
import type { Detail } from "./wording.ts";

type Page = { readonly locale: string; readonly rightToLeft: boolean; readonly subject: string };

/**
 * A card in the middle of the page. Tables and inline styles are what mail programs agree on; the one style sheet turns the colours
 * around where the program is dark and says so. Nothing is fetched from anywhere, and nothing is a link.
 */
export function htmlPage({ locale, rightToLeft, subject }: Page, blocks: readonly string[]): string {
  const direction = rightToLeft ? "rtl" : "ltr";
  return `<!doctype html>
<html lang="${escapeHtml(locale)}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>${darkStyle}</style>
</head>
<body class="page" style="margin:0;padding:0;background:#f2f4f7">
<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background:#f2f4f7"><tr>
<td align="center" style="padding:32px 16px">
<table class="card" role="presentation" dir="${direction}" width="100%" cellpadding="0" cellspacing="0" border="0" style="${cardStyle}"><tr>
<td style="padding:32px;text-align:${rightToLeft ? "right" : "left"};font-family:${fonts};font-size:16px;line-height:24px">
${blocks.join("\n")}
</td></tr></table>
</td></tr></table>
</body>
</html>
`;
}

/** Blocks of a page; their texts are HTML already. */
export const paragraph = (html: string): string => `<p style="margin:0 0 16px">${html}</p>`;

export const quiet = (html: string): string =>
  `<p class="quiet" style="margin:24px 0 0;padding:16px 0 0;border-top:1px solid #e4e7ec;color:#5d6675;font-size:14px;line-height:20px">${html}</p>`;

/** Left to right in every language. */
export const codeBlock = (code: string): string =>
  `<table class="code" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 16px;background:#f2f4f7;border-radius:8px"><tr>
<td align="center" dir="ltr" style="padding:16px;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:32px;line-height:40px;font-weight:700;letter-spacing:6px">${escapeHtml(code)}</td></tr></table>`;

export function detailsBlock(details: readonly Detail[]): string {
  const rows = details.map(
    ({ name, value }) =>
      `<tr><td class="quiet" style="padding:0 0 4px;padding-inline-end:16px;color:#5d6675;vertical-align:top">${escapeHtml(name)}</td><td style="padding:0 0 4px;font-weight:600">${escapeHtml(value)}</td></tr>`,
  );
  return `<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 16px;font-size:16px;line-height:24px">${rows.join("")}</table>`;
}

const fonts = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";

const cardStyle = "max-width:480px;background:#ffffff;color:#1a2233;border:1px solid #e4e7ec;border-radius:12px";

const darkStyle = [
  ":root{color-scheme:light dark;supported-color-schemes:light dark}",
  "@media (prefers-color-scheme:dark){",
  ".page{background:#12151b!important}",
  ".card{background:#1c212b!important;color:#eef1f6!important;border-color:#323a48!important}",
  ".code{background:#12151b!important}",
  ".quiet{color:#a3adbd!important;border-color:#323a48!important}",
  "}",
].join("");
