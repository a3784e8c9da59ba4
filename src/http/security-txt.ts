import type { IncomingMessage, ServerResponse } from "node:http";

export const securityTxtPath = "/.well-known/security.txt";

export type SecurityTxt = {
  /** `mailto:` or `https:`, the preferred one first. */
  readonly contacts: readonly string[];
  readonly policy?: string;
  /** BCP 47 tags; empty: not said. */
  readonly languages: readonly string[];
};

export type AnswerSecurityTxt = (request: IncomingMessage, response: ServerResponse) => void;

const dayMs = 86_400_000;
/** RFC 9116, section 2.5.5, asks for less than a year. What is served lives as long as the service, so a quarter is said anew each day. */
const validDays = 90;

/** Where strangers report a vulnerability to (RFC 9116). */
export function createSecurityTxtRoute({ contacts, policy, languages }: SecurityTxt, now: () => number): AnswerSecurityTxt {
  return (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const expires = new Date((Math.floor(now() / dayMs) + validDays) * dayMs).toISOString();
    const lines = [
      ...contacts.map((contact) => `Contact: ${contact}`),
      `Expires: ${expires}`,
      ...(languages.length > 0 ? [`Preferred-Languages: ${languages.join(", ")}`] : []),
      ...(policy === undefined ? [] : [`Policy: ${policy}`]),
    ];
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "cache-control": "public, max-age=3600" });
    response.end(request.method === "HEAD" ? undefined : `${lines.join("\n")}\n`);
  };
}
