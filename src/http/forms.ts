import type { IncomingMessage } from "node:http";

/** What a form, or a script without leave, may post to any site without asking first (Fetch, "CORS-safelisted request-header"). */
const formTypes: ReadonlySet<string> = new Set(["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]);

/**
 * A page that posts as it pleases, with whatever its visitor's browser adds. Vendors post forms too, as receipts; browsers tell themselves
 * from them by headers that no page can leave out.
 */
export function isForeignForm({ method, headers }: IncomingMessage): boolean {
  if (method !== "POST") return false;
  const type = (headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return formTypes.has(type) && (headers.origin !== undefined || headers["sec-fetch-site"] !== undefined);
}
