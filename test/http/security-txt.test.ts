import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpListener, listenHttp } from "../../src/http/listen-http.ts";
import { createSecurityTxtRoute } from "../../src/http/security-txt.ts";
import { loadGood, production } from "../config/production.ts";

const at = Date.UTC(2026, 0, 1, 12);
let listener: HttpListener;
beforeAll(async () => {
  const answerSecurityTxt = createSecurityTxtRoute(
    {
      contacts: ["mailto:security@example.com", "https://example.com/report"],
      policy: "https://example.com/policy",
      languages: ["en", "de"],
    },
    () => at,
  );
  listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    setting: "test",
    rpc: () => false,
    routes: () => ({ isReady: () => true, answerSecurityTxt }),
    origins: () => new Set(),
    onError: () => undefined,
  });
});
afterAll(() => listener.close(0));
const url = () => `http://127.0.0.1:${listener.address.port}/.well-known/security.txt`;

test("names who is told of a vulnerability, for a quarter from today", async () => {
  const response = await fetch(url());
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
  expect((await response.text()).split("\n")).toEqual([
    "Contact: mailto:security@example.com",
    "Contact: https://example.com/report",
    "Expires: 2026-04-01T00:00:00.000Z",
    "Preferred-Languages: en, de",
    "Policy: https://example.com/policy",
    "",
  ]);
});

test("is only read", async () => {
  expect((await fetch(url(), { method: "POST" })).status).toBe(405);
  const head = await fetch(url(), { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test.each([
  ["a bare address", "security@example.com"],
  ["another scheme", "javascript:alert(1)"],
  ["a second line", "mailto:a@example.com\nContact: mailto:b@example.com"],
  ["a password", "https://a:b@example.com"],
])("%s is no contact", (_name, contact) => {
  expect(() => loadGood({ ...production(), securityTxt: { contacts: [contact] } })).toThrow(
    /securityTxt\.contacts\[0\] is no such address/,
  );
});

test("nobody has to be named", () => {
  expect(loadGood(production()).securityTxt).toBeUndefined();
});
