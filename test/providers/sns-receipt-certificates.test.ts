import { KeyObject } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import { createSnsCertificates } from "../../src/providers/receipts-sns-certificates.ts";
import { snsConfig } from "../../src/providers/sns-config.ts";
import { makeSnsKey } from "./receipt-signers.ts";
import { accessKey, region } from "./sns-api.ts";
import { startVendorServer, type VendorAnswer } from "./vendor-server.ts";

const { certificate } = makeSnsKey();
const topicArn = `arn:aws:sns:${region}:123456789012:sms-receipts`;
const pathOf = (number: number): string => `/SimpleNotificationService-${number.toString(16).padStart(32, "0")}.pem`;
const dayMs = 86_400_000;

async function fetching(answer: VendorAnswer = { status: 200, body: certificate }, aheadMs = 0) {
  const server = await startVendorServer(() => answer);
  onTestFinished(() => server.stop());
  const config = snsConfig.parse({ kind: "sns", region, accessKey, baseUrl: server.baseUrl, receipts: { topicArn } });
  const certificates = createSnsCertificates(config, { now: () => Date.now() + aheadMs });
  return { ...certificates, server, at: (number: number) => certificates.keyAt(server.baseUrl + pathOf(number)) };
}

test("one certificate is fetched once, however many ask for it", async () => {
  const { at, server } = await fetching();
  const keys = await Promise.all(Array.from({ length: 50 }, () => at(1)));
  for (const key of [...keys, await at(1)]) expect(key).toBeInstanceOf(KeyObject);
  expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([`GET ${pathOf(1)}`]);
});

test.each([
  ["a refusal", { status: 403, body: "" }],
  ["what is no certificate", { status: 200, body: "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----" }],
  ["more than any certificate", { status: 200, body: certificate + " ".repeat(100_000) }],
] as const)("%s is none, and is asked for again the next time", async (_, answer) => {
  const { at, server } = await fetching(answer);
  expect([await at(1), await at(1)]).toEqual(["unavailable", "unavailable"]);
  expect(server.requests).toHaveLength(2);
});

test("a redirect is not followed", async () => {
  const elsewhere = await startVendorServer(() => ({ status: 200, body: certificate }));
  onTestFinished(() => elsewhere.stop());
  const { at } = await fetching({ status: 302, body: "", headers: { location: `${elsewhere.baseUrl}${pathOf(1)}` } });
  expect(await at(1)).toBe("unavailable");
  expect(elsewhere.requests).toEqual([]);
});

test("a certificate whose time is over is none", async () => {
  const { at } = await fetching(undefined, 10 * dayMs);
  expect(await at(1)).toBe("unavailable");
});

test("who makes up addresses makes us fetch ten times a minute at most, and what is known stays usable", async () => {
  const { at, server } = await fetching();
  await at(0);
  server.state.behaviour = { kind: "answer", status: 404, body: "" };
  for (let number = 1; number <= 30; number += 1) expect(await at(number)).toBe("unavailable");
  expect(server.requests).toHaveLength(10);
  expect(await at(0)).toBeInstanceOf(KeyObject);
});

test("only the region's own host is asked, by addresses of one form", async () => {
  const { keyAt, visit, server } = await fetching();
  const path = pathOf(1);
  const own = server.baseUrl;
  const others = [
    `https://sns.us-east-1.amazonaws.com${path}`,
    `https://sns.${region}.amazonaws.com.cn${path}`,
    `https://sns.${region}.amazonaws.com:8443${path}`,
    `https://x@sns.${region}.amazonaws.com${path}`,
    own.replace("://", "://user@") + path,
    `${own}${path}#x`,
    `${own}/x/..${path}/`,
    `${own}/SimpleNotificationService-${"G".repeat(32)}.pem`,
    "file:///etc/passwd",
    "",
  ];
  for (const url of others) expect(await keyAt(url)).toBe("not_theirs");
  expect(await visit(`${own}/?Action=Unsubscribe`)).toBe("not_theirs");
  expect(await visit("https://evil.example/?Action=ConfirmSubscription")).toBe("not_theirs");
  expect(server.requests).toEqual([]);
  expect(await visit(`${own}/?Action=ConfirmSubscription&Token=t`)).toBe("done");
});
