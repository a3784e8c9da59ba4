import { Agent, request } from "node:https";

/** What a client of a TLS listener trusts, and what it shows of itself. */
export type ClientTls = { readonly ca: string; readonly cert?: string; readonly key?: string };

export type Fetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; body: Uint8Array<ArrayBuffer> },
) => Promise<Response>;

/** `fetch` cannot be given an authority or a certificate. One connection that stays; `close` ends it. */
export function createTlsFetch(tls: ClientTls): { readonly fetch: Fetch; readonly close: () => void } {
  const agent = new Agent({ ...tls, keepAlive: true, maxSockets: 8, maxCachedSessions: 0 });
  const send: Fetch = (url, { method, headers, body }) =>
    new Promise((resolve, reject) => {
      const asked = request(url, { method, headers, agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const given = Object.entries(response.headersDistinct).flatMap(([name, values]) =>
            (values ?? []).map((value) => [name, value] as [string, string]),
          );
          resolve(new Response(Buffer.concat(chunks), { status: response.statusCode ?? 0, headers: given }));
        });
      });
      asked.on("error", reject);
      asked.end(body);
    });
  return { fetch: send, close: () => agent.destroy() };
}
