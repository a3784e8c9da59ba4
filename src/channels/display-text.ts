/**
 * A caller's text as it may stand in a message: on one line, so that it cannot fake the last line that browsers read the code
 * from; without direction marks, so that it cannot reorder what stands beside it; at most `maxLength` characters; and with
 * nothing a phone would make a link of, so that nobody can phish in an application's name. Links are broken rather than
 * refused: a payee may well be called like its web site.
 */
export function displayText(text: string, maxLength: number): string {
  const plain = oneLine(text)
    .replace(/:\/\//g, ": ")
    .replace(/[.。．｡](?=\p{L})/gu, "$& ");
  const characters = [...plain];
  return characters.length > maxLength ? `${characters.slice(0, maxLength - 3).join("")}...` : plain;
}

/** For the operator's own names, which may be a web site's. Private and unassigned characters have no place in XML either. */
export const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .normalize("NFC")
    .replace(/\p{Cf}/gu, "")
    .replace(/[\s\p{Cc}\p{Co}\p{Cn}]+/gu, " ")
    .trim();

/**
 * Whether a phone would make a link of a part of it. No top-level domain has one letter, so initials are none; an ideographic full
 * stop ends a sentence, unless there are Latin letters on both sides.
 */
export const hasLink = (text: string): boolean =>
  /:\/\/|[\p{L}\p{N}_-]\.\p{L}{2}|[a-z0-9_-]。[a-z]{2}|\d\.\d+\.\d+\.\d/iu.test(oneLine(text).normalize("NFKC"));

/**
 * Isolated from the order of a right-to-left text (UAX #9, section 2.4.2), which would otherwise carry what stands beside a Latin name to its
 * other side. What has no letters of the other direction needs none: each mark costs a character.
 */
export const isolate = (text: string): string => (leftToRight.test(text) ? `\u2068${text}\u2069` : text);

const leftToRight = /[\p{L}--[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Thaana}\p{Script=Syriac}\p{Script=Nko}]]/v;

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => entities[character] ?? "");

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
