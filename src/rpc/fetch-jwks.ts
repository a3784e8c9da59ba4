import type { JSONWebKeySet } from "jose";
import { StoreUnavailable } from "../otp/refusal.ts";

export type FetchJwks = () => Promise<JSONWebKeySet>;

/** A hundred keys with their certificates fit; what is larger is not a key set. */
const maxBytes = 256 * 1024;

/** The public keys of an issuer. Rejects with `StoreUnavailable`, and why, when it does not answer in time with a key set. */
export const createFetchJwks =
  ({ url, timeoutMs }: { readonly url: string; readonly timeoutMs: number }): FetchJwks =>
  async () => {
    try {
      const response = await fetch(url, {
        headers: { accept: "application/jwk-set+json, application/json" },
        // A redirect could lead to where nobody has configured to trust.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new Error(`the issuer answered ${response.status}`);
      return parseKeySet(await readText(response));
    } catch (cause) {
      throw new StoreUnavailable(cause);
    }
  };

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the issuer's key set is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseKeySet(text: string): JSONWebKeySet {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("keys" in value) || !Array.isArray(value.keys))
    throw new Error("the issuer's answer is no key set");
  return { keys: value.keys };
}
