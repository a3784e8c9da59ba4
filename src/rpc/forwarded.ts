/** What proxies write of whom they forward for, read from the right: only there stands what a proxy of ours added. */
export const forwardingHeaders = ["x-forwarded-for", "forwarded"] as const;
export type ForwardingHeader = (typeof forwardingHeaders)[number];

/**
 * The addresses as they were written, the last one first; an empty text for an element that names none. Lazily: what stands
 * further left may be anything, and is not looked at.
 */
export function* readForwarding(header: ForwardingHeader, value: string): Generator<string> {
  for (let rest = value; ; ) {
    const comma = header === "forwarded" ? lastUnquoted(rest, ",") : rest.lastIndexOf(",");
    const element = rest.slice(comma + 1).trim();
    yield header === "forwarded" ? forOf(element) : element;
    if (comma < 0) return;
    rest = rest.slice(0, comma);
  }
}

/** RFC 7239, section 4: pairs in any order, names in any case, each at most once. */
function forOf(element: string): string {
  const nodes: string[] = [];
  for (let rest = element; ; ) {
    const semicolon = lastUnquoted(rest, ";");
    const [, node] = /^\s*for\s*=\s*(.*?)\s*$/i.exec(rest.slice(semicolon + 1)) ?? [];
    if (node !== undefined) nodes.push(unquoted(node));
    if (semicolon < 0) return nodes.length === 1 ? (nodes[0] as string) : "";
    rest = rest.slice(0, semicolon);
  }
}

/** From the right too: a quote that a stranger opened and did not close lies to the left of what was added behind it. */
function lastUnquoted(text: string, mark: string): number {
  let isQuoted = false;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === '"' && text[at - 1] !== "\\") isQuoted = !isQuoted;
    else if (text[at] === mark && !isQuoted) return at;
  }
  return -1;
}

const unquoted = (node: string): string => (/^"[^"\\]*"$/.test(node) ? node.slice(1, -1) : node);
