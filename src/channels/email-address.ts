import { domainToASCII, domainToUnicode } from "node:url";
import type { Spelling } from "./recipient.ts";

/** RFC 5321, section 4.5.3.1: 64 octets before the @, and 256 with the angle brackets around all of it. */
const limits = { local: 64, address: 254 } as const;

/**
 * The plain form of an address only: dot-atom @ domain (RFC 5321, section 4.1.2). Quoted local parts, comments, display names and
 * address literals are where parsers disagree about whose mailbox it is. Local parts beyond ASCII (RFC 6531) are refused because
 * they need every relay on the way to know them, and because one such name has several encodings.
 */
export function parseEmailAddress(text: string, ignorePlusTag: boolean): Spelling {
  if (text.length > limits.address) return { problem: `write at most ${limits.address} characters` };
  const at = text.indexOf("@");
  if (at < 1 || at !== text.lastIndexOf("@")) return { problem: "write one address such as name@example.com, without a name beside it" };
  const local = text.slice(0, at);
  const localProblem = problemOfLocal(local);
  if (localProblem) return { problem: localProblem };
  const domain = asciiDomain(text.slice(at + 1));
  if (!domain)
    return { problem: "write a domain name such as example.com after the @: no IP address, no dot at its end, no invisible characters" };
  const value = `${local}@${domain}`;
  if (value.length > limits.address) return { problem: `write at most ${limits.address} characters; the domain counts in its ASCII form` };
  return { value, key: `${mailboxOf(local, ignorePlusTag)}@${domain}` };
}

function problemOfLocal(local: string): string | undefined {
  if (local.length > limits.local) return `write at most ${limits.local} characters before the @`;
  if (!/^[\x20-\x7e]+$/.test(local)) return "write only ASCII letters, digits and punctuation before the @";
  if (/[%!]/.test(local)) return "leave out % and ! before the @: old mail servers take them for a route";
  if (!/^[\w#$&'*+/=?^`{|}~.-]+$/.test(local)) return "leave out spaces, quotes, commas, brackets and the like before the @";
  if (/^\.|\.\.|\.$/.test(local)) return "write no dot first, last or twice in a row before the @";
  return undefined;
}

/**
 * Letters only before the conversion: `domainToASCII` reads its argument as the host of a URL, so that it decodes percent signs,
 * cuts at a slash, and maps full-width dots and invisible characters away.
 */
function asciiDomain(domain: string): string | undefined {
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain) || /\p{Default_Ignorable_Code_Point}/u.test(domain)) return undefined;
  const ascii = domainToASCII(domain);
  const labels = ascii.split(".");
  if (labels.length < 2 || ascii.length > 253 || !/[a-z]/.test(labels.at(-1) ?? "")) return undefined;
  return labels.every(isLabel) ? ascii : undefined;
}

/** An `xn--` label must be what its own decoding encodes to (RFC 5891, section 5.4), or it would be a second spelling. */
function isLabel(label: string): boolean {
  if (!/^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label)) return false;
  if (!label.startsWith("xn--")) return true;
  const unicode = domainToUnicode(label);
  return unicode !== label && domainToASCII(unicode) === label;
}

/** Case is kept for sending, where only the receiving server knows; no two people share an address but for its case. */
function mailboxOf(local: string, ignorePlusTag: boolean): string {
  const plus = local.indexOf("+");
  return (ignorePlusTag && plus > 0 ? local.slice(0, plus) : local).toLowerCase();
}
