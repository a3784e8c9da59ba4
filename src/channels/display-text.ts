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
