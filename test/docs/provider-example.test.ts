import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { patience, smsMessage } from "../providers/messages.ts";
import { readPages, root } from "./markdown-files.ts";

type Example = {
  readonly acmeConfig: { parse(value: object): object };
  readonly createAcme: (name: string, config: object) => ClosableProvider;
};

/** In the project, so that its imports are found. */
mkdirSync(join(root, ".cache"), { recursive: true });
const folder = mkdtempSync(join(root, ".cache/docs-"));
let answer = { status: 202, body: "{}" };
const requests: { readonly url: string; readonly headers: NodeJS.Dict<string | string[]>; readonly body: string }[] = [];
const server = createServer(async (request, response) => {
  requests.push({ url: request.url ?? "", headers: request.headers, body: String(Buffer.concat(await request.toArray())) });
  response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
});
let provider: ClosableProvider;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = readPages().find(({ path }) => path === "docs/adding-a-provider.md");
  const text = page?.fences.find(({ info }) => info === "ts")?.text ?? "";
  const file = join(folder, "acme.ts");
  writeFileSync(file, text.replaceAll('from "./', `from "${root}src/providers/`).replaceAll('from "../', `from "${root}src/`));
  const { acmeConfig, createAcme } = (await import(file)) as Example;
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  provider = createAcme("acme", acmeConfig.parse({ kind: "acme", token: "secret", baseUrl, timeoutSeconds: 1 }));
});
afterAll(async () => {
  await provider.close();
  server.close();
  rmSync(folder, { recursive: true });
});

test.each([
  ["took it", 202, '{"id":"m1"}', { outcome: "accepted", reference: "m1" }],
  ["named nothing", 202, "{}", { outcome: "unknown", failure: "provider_error", vendorCode: "http_202" }],
  ["is broken", 500, "", { outcome: "unknown", failure: "provider_error", vendorCode: "http_500" }],
  [
    "refuses the number",
    400,
    '{"error":"no_such_number"}',
    { outcome: "permanent", failure: "recipient_refused", vendorCode: "no_such_number" },
  ],
  ["refuses the token", 401, "", { outcome: "permanent", failure: "credentials_refused", vendorCode: "401" }],
  ["is busy", 429, "", { outcome: "retryable", failure: "throttled", vendorCode: "429" }],
])("the provider of the guide, when its vendor %s", async (_name, status, body, expected) => {
  answer = { status, body };
  requests.length = 0;
  expect(await provider.send(smsMessage, patience())).toEqual(expected);
  expect(requests).toMatchObject([
    { url: "/v1/messages", headers: { authorization: "Bearer secret", "idempotency-key": smsMessage.deliveryId } },
  ]);
  expect(JSON.parse(requests[0]?.body ?? "")).toEqual({ to: smsMessage.to, text: smsMessage.text });
});
