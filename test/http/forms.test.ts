import { afterAll, beforeAll, expect, test } from "vitest";
import { type HttpListener, listenHttp } from "../../src/http/listen-http.ts";

const served: string[] = [];
let listener: HttpListener;
let base: string;

beforeAll(async () => {
  listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    setting: "listen.http",
    rpc: (request, response) => {
      served.push(request.url ?? "");
      response.end();
      return true;
    },
    routes: () => ({
      isReady: () => true,
      answerReceipt: async (request, response) => {
        if (!request.url?.startsWith("/receipts")) return false;
        served.push(request.url);
        response.end();
        return true;
      },
    }),
    origins: () => new Set(["https://app.example.com"]),
    onError: (cause) => {
      throw cause;
    },
  });
  base = `http://127.0.0.1:${listener.address.port}`;
});
afterAll(() => listener.close(1000));

const post = async (path: string, type: string, headers: Record<string, string>): Promise<readonly unknown[]> => {
  served.length = 0;
  const { status } = await fetch(base + path, { method: "POST", headers: { "content-type": type, ...headers }, body: "a=b" });
  return [status, ...served];
};

const paths = ["/countersign.v1.CodeService/SendCode", "/receipts/twilio-main", "/healthz", "/nothing"];
const types = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", "TEXT/Plain;charset=utf-8"];

test.each(paths.flatMap((path) => types.map((type) => [path, type] as const)))("a page's form is refused: %s, %s", async (path, type) => {
  const pages: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "https://app.example.com" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
  ];
  for (const headers of pages) expect(await post(path, type, headers)).toEqual([415]);
});

test("a vendor's form is a receipt, and what a script sends is a call", async () => {
  expect(await post("/receipts/twilio-main", "application/x-www-form-urlencoded", {})).toEqual([200, "/receipts/twilio-main"]);
  expect(await post(paths[0] ?? "", "application/json", { origin: "https://app.example.com" })).toEqual([200, paths[0]]);
});
