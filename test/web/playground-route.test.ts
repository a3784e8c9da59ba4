import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type HttpListener, listenHttp } from "../../src/http/listen-http.ts";
import { createPlayground } from "../../src/http/playground.ts";
import type { InboxMessage } from "../../src/http/routes.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-playground-"));
const sentAt = "2026-01-01T00:00:00.000Z";
const message = { channel: "email", to: "a@example.com", text: "", code: "123456", challengeId: "c1", sentAt } satisfies InboxMessage;
const messages: readonly InboxMessage[] = [
  message,
  { ...message, challengeId: "c2", html: "<script>alert(1)</script><p style='color:red'>hello</p>" },
];

let listener: HttpListener;
let production: HttpListener;
beforeAll(async () => {
  const start = (routes: object) =>
    listenHttp({
      ...{
        host: "127.0.0.1",
        port: 0,
        setting: "COUNTERSIGN_HTTP_ADDR",
        rpc: () => false,
        origins: () => new Set(),
        onError: () => undefined,
      },
      routes: () => ({ isReady: () => true, ...routes }),
    });
  const answerPlayground = createPlayground({ folder: pathToFileURL(`${folder}/`), grpc: "127.0.0.1:1", listInbox: () => messages });
  [listener, production] = await Promise.all([start({ answerPlayground }), start({})]);
});
afterAll(async () => {
  await Promise.all([listener.close(0), production.close(0)]);
  rmSync(folder, { recursive: true });
});

const ask = (path: string, { of = listener, method = "GET" } = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${of.address.port}${path}`, { method });

it("says how to build the page where it is not built, and serves it as soon as it is", async () => {
  const before = await ask("/");
  expect([before.status, await before.text()]).toEqual([503, expect.stringContaining("node web/build.ts")]);
  writeFileSync(join(folder, "playground.html"), "<!doctype html>page");
  const after = await ask("/");
  expect([after.status, await after.text()]).toEqual([200, "<!doctype html>page"]);
  expect(after.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const policy = after.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
});

it("serves its own files and no others", async () => {
  writeFileSync(join(folder, "playground.js"), "1");
  writeFileSync(join(folder, "secret.js"), "2");
  const script = await ask("/playground/playground.js");
  expect([script.status, script.headers.get("content-type")]).toEqual([200, "text/javascript; charset=utf-8"]);
  for (const path of [
    "/playground/secret.js",
    "/playground/..%2fsecret.js",
    "/playground/",
    "/playground.html",
    "/web/dist/playground.html",
  ])
    expect((await ask(path)).status, path).toBe(404);
});

it("shows an email under a policy that lets nothing run", async () => {
  const email = await ask(`/dev/inbox/email?challengeId=c2&sentAt=${sentAt}`);
  expect([email.status, await email.text()]).toEqual([200, messages[1]?.html]);
  const policy = email.headers.get("content-security-policy");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("sandbox");
  expect(policy).not.toMatch(/script/);
  for (const query of ["", "?challengeId=c1", `?challengeId=c1&sentAt=${sentAt}`, "?challengeId=c2&sentAt=x"])
    expect((await ask(`/dev/inbox/email${query}`)).status, query).toBe(404);
});

it("names the address of the other listener, is read only, and has a head", async () => {
  expect(await (await ask("/playground/service.json")).json()).toEqual({ grpc: "127.0.0.1:1" });
  expect(await (await ask("/playground/inbox.json")).json()).toEqual(messages);
  expect((await ask("/", { method: "POST" })).status).toBe(405);
  const head = await ask("/", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

it("is nothing in production", async () => {
  for (const path of ["/", "/playground/playground.js", "/playground/service.json", "/dev/inbox/email"])
    expect((await ask(path, { of: production })).status, path).toBe(404);
});
