import { afterAll, beforeAll, expect, it } from "vitest";
import { type HttpListener, listenHttp } from "../../src/http/listen-http.ts";
import type { InboxMessage, Routes } from "../../src/http/routes.ts";

const message = (to: string): InboxMessage => ({
  channel: "sms",
  to,
  text: "123456 is your code",
  code: "123456",
  challengeId: "c",
  sentAt: "2026-01-01T00:00:00.000Z",
});
const inbox = [message("+4915112345678"), message("ann+x@example.com")];
let ready = true;

let open: HttpListener;
let closed: HttpListener;
beforeAll(async () => {
  const start = (routes: Routes, onError = (): void => undefined) =>
    listenHttp({
      host: "127.0.0.1",
      port: 0,
      setting: "COUNTERSIGN_HTTP_ADDR",
      rpc: () => false,
      routes: () => routes,
      origins: () => new Set(),
      onError,
    });
  const isReady = (): boolean => {
    if (ready) return true;
    throw new Error("secret cause");
  };
  open = await start({ isReady, listInbox: (to) => inbox.filter((each) => to === undefined || each.to === to) });
  closed = await start({ isReady: () => false });
});
afterAll(() => Promise.all([open.close(0), closed.close(0)]));

const get = async (listener: HttpListener, path: string, method = "GET") => {
  const response = await fetch(`http://127.0.0.1:${listener.address.port}${path}`, { method });
  return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
};

it.each([
  ["/dev/inbox", inbox],
  ["/dev/inbox?to=%2B4915112345678", inbox.slice(0, 1)],
  ["/dev/inbox?to=+4915112345678", inbox.slice(0, 1)],
  ["/dev/inbox?to=ann%2Bx@example.com", inbox.slice(1)],
  ["/dev/inbox?to=nobody", []],
  ["/dev/inbox?to=", inbox],
  ["/dev/inbox?to=%ff%00", []],
])("%s", async (path, body) => {
  expect(await get(open, path)).toEqual({ status: 200, type: "application/json; charset=utf-8", body });
});

it("has no inbox outside development", async () => {
  expect(await get(closed, "/dev/inbox")).toMatchObject({ status: 404, body: { error: "nothing is served at /dev/inbox" } });
});

it("is up even where it is not ready", async () => {
  expect(await get(closed, "/healthz")).toMatchObject({ status: 200 });
  expect(await get(closed, "/readyz")).toMatchObject({ status: 503 });
  expect(await get(open, "/readyz")).toMatchObject({ status: 200 });
});

it.each(["/", "/dev", "/dev/inbox/x", "//", "/countersign.v1.CodeService/Nothing", "/%2e%2e/etc"])("%s: a clear 404", async (path) => {
  expect(await get(open, path)).toMatchObject({ status: 404, body: { error: expect.stringContaining("nothing is served at") } });
});

it("is read by GET only", async () => {
  expect(await get(open, "/dev/inbox", "POST")).toMatchObject({ status: 405 });
});

it("keeps the cause of its own faults to itself", async () => {
  ready = false;
  expect(await get(open, "/readyz")).toMatchObject({ status: 500, body: { error: "internal error" } });
  ready = true;
});
