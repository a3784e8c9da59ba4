import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createJwksRoute } from "../../src/http/jwks.ts";
import { publicKeys } from "../../src/tokens/public-keys.ts";
import { newKey } from "./kit.ts";

const keys = [newKey("a", "next"), newKey("b", "current", "EdDSA"), newKey("c", "previous")];
const server = createServer(createJwksRoute(publicKeys(keys)));
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());

const get = (method = "GET", ifNoneMatch?: string) => fetch(url, { method, headers: ifNoneMatch ? { "if-none-match": ifNoneMatch } : {} });

describe("the JWK Set", () => {
  test("holds every key, and of each only what is public", async () => {
    const { keys: published } = (await (await get()).json()) as { keys: object[] };
    const coordinate = expect.stringMatching(/^[\w-]{43}$/);
    const ec = { kty: "EC", crv: "P-256", x: coordinate, y: coordinate, alg: "ES256", use: "sig" };
    expect(published).toEqual([
      { ...ec, kid: "a" },
      { kty: "OKP", crv: "Ed25519", x: coordinate, kid: "b", alg: "EdDSA", use: "sig" },
      { ...ec, kid: "c" },
    ]);
  });

  test("holds no byte of a private key", async () => {
    const text = await (await get()).text();
    for (const { privateKey } of keys) {
      const { d } = privateKey.export({ format: "jwk" });
      expect(d).toMatch(/^[\w-]{43}$/);
      expect(text).not.toContain(d);
    }
  });

  test("may be kept for five minutes, and asked for again by its tag", async () => {
    const response = await get();
    const etag = response.headers.get("etag") ?? "";
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/jwk-set+json"]);
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    expect(etag).toMatch(/^"[\w-]{43}"$/);
    for (const known of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
      const again = await get("GET", known);
      expect([known, again.status, again.headers.get("etag"), await again.text()]).toEqual([known, 304, etag, ""]);
    }
    expect((await get("GET", '"x"')).status).toBe(200);
  });

  test("is only read", async () => {
    const head = await get("HEAD");
    expect([head.status, await head.text(), head.headers.get("content-length")]).not.toContain("0");
    const post = await get("POST");
    expect([post.status, post.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});
