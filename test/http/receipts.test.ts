import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { listenHttp } from "../../src/http/listen-http.ts";
import { createReceiptRoute, type ReceiptRoutes } from "../../src/http/receipts.ts";
import type { ReceiptCall } from "../../src/otp/receipt.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";

const publicUrl = "https://otp.example.com/codes";

async function listening(take: ReceiptRoutes["take"]) {
  const faults: unknown[] = [];
  const methodsOf = (provider: string) => ({ vendor: ["POST"], getter: ["GET"] })[provider];
  const answerReceipt = createReceiptRoute({ publicUrl, methodsOf, take });
  const listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    setting: "test",
    rpc: () => false,
    routes: () => ({ isReady: () => true, answerReceipt }),
    origins: () => new Set(["https://app.example.com"]),
    onError: (cause) => void faults.push(cause),
  });
  onTestFinished(() => listener.close(0));
  const { port } = listener.address;
  return { faults, port, at: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init) };
}

test("what arrives is handed on as the vendor sees it: public address, raw query, headers, body", async () => {
  const calls: [string, ReceiptCall][] = [];
  const { at } = await listening(async (provider, call) => {
    calls.push([provider, call]);
    return "taken";
  });
  const response = await at("/receipts/vendor/shop.a-b_c?x=%41+%20&x=2", { method: "POST", headers: { "X-Sign": "s" }, body: "é" });
  expect([response.status, await response.text()]).toEqual([200, ""]);
  const [[provider, call] = []] = calls;
  expect(provider).toBe("vendor");
  expect(call).toMatchObject({ method: "POST", name: "shop.a-b_c", url: `${publicUrl}/receipts/vendor/shop.a-b_c?x=%41+%20&x=2` });
  expect(call?.query.getAll("x")).toEqual(["A  ", "2"]);
  expect([call?.header("x-sign"), call?.header("x-other"), call?.body.toString()]).toEqual(["s", undefined, "é"]);
});

test("a header that came twice is none: which of them was signed cannot be told", async () => {
  const headers: (string | undefined)[] = [];
  const { port } = await listening(async (_, { header }) => {
    headers.push(header("x-sign"));
    return "forged";
  });
  const socket = connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.write("POST /receipts/vendor HTTP/1.1\r\nHost: x\r\nX-Sign: a\r\nX-Sign: b\r\nContent-Length: 0\r\n\r\n");
  await expect.poll(() => headers).toEqual([undefined]);
});

test.each([
  ["taken", 200],
  ["forged", 403],
  ["malformed", 400],
  ["no_provider", 404],
  ["unavailable", 503],
] as const)("%s is answered with %i", async (outcome, status) => {
  const { at } = await listening(async () => outcome);
  const response = await at("/receipts/vendor", { method: "POST" });
  expect(response.status).toBe(status);
  expect(response.headers.get("retry-after")).toBe(status === 503 ? "5" : null);
});

test("a vendor calls by its own method", async () => {
  const { at } = await listening(async () => "taken");
  expect((await at("/receipts/getter/x?status=sent")).status).toBe(200);
  expect((await at("/receipts/getter/x", { method: "POST" })).status).toBe(405);
  expect((await at("/receipts/vendor/x", { method: "PUT", body: "x" })).status).toBe(405);
});

test("while the store is away the vendor is told to try again", async () => {
  const { at, faults } = await listening(() => Promise.reject(new StoreUnavailable("away")));
  const response = await at("/receipts/vendor", { method: "POST" });
  expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(faults).toEqual([]);
});

test("a fault of ours is told to nobody but the log", async () => {
  const { at, faults } = await listening(() => Promise.reject(new Error("secret")));
  const response = await at("/receipts/vendor", { method: "POST" });
  expect([response.status, await response.json()]).toEqual([500, { error: "internal error" }]);
  expect(faults).toMatchObject([{ message: "secret" }]);
});

test("more at once than fit are told to come again, and there is room when the others are done", async () => {
  const held: (() => void)[] = [];
  const { at } = await listening(async () => {
    await new Promise<void>((resolve) => held.push(resolve));
    return "taken";
  });
  const post = () => at("/receipts/vendor", { method: "POST", body: "x" }).then(({ status }) => status);
  const first = Array.from({ length: 512 }, post);
  await expect.poll(() => held.length, { timeout: 10_000 }).toBe(512);
  expect(await post()).toBe(503);
  for (const release of held) release();
  expect(new Set(await Promise.all(first))).toEqual(new Set([200]));
  const after = post();
  await expect.poll(() => held.length).toBe(513);
  held[512]?.();
  expect(await after).toBe(200);
});

test("who goes away in the middle of a body harms nobody", async () => {
  let taken = 0;
  const { at, port, faults } = await listening(async () => {
    taken += 1;
    return "taken";
  });
  const socket = connect(port, "127.0.0.1");
  socket.write("POST /receipts/vendor HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  expect((await at("/receipts/vendor", { method: "POST" })).status).toBe(200);
  expect({ taken, faults }).toEqual({ taken: 1, faults: [] });
});
