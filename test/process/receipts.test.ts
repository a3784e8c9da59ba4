/** Receipts of every vendor against the real process: what is signed counts, and nothing else does. */
import { randomInt } from "node:crypto";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { post, type Signed, signSns, signTwilio, signTwilioJson, signVonage, snsRecord } from "../providers/receipt-signers.ts";
import type { VendorRequest } from "../providers/vendor-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { challengeCall, open } from "./calls.ts";
import { newKey } from "./production-config.ts";
import {
  certificateUrl,
  forgeries,
  publicUrl,
  receiptsConfig,
  secrets,
  snsKey,
  startVendors,
  topicArn,
  type Vendor,
  vendors,
} from "./receipts-kit.ts";
import { newSqlite, type Service, startService } from "./service.ts";

const caller = newKey();
let server: Awaited<ReturnType<typeof startVendors>>;
let service: Service;

beforeAll(async () => {
  server = await startVendors();
  const config = receiptsConfig(server.baseUrl, [caller]);
  service = await startService({ key: caller.key, store: newSqlite().url, config });
});
afterAll(() => server.stop());

type Message = { readonly challengeId: string; readonly to: string; readonly url: string; readonly request: VendorRequest };

async function send({ prefix, channel, urlOf }: Vendor, to = newNumber(prefix)): Promise<Message> {
  const challengeId = await open(service.gRPC, to, { channels: [channel] });
  const request = server.requests.findLast(({ method }) => method === "POST") as VendorRequest;
  return { challengeId, to, url: urlOf(request), request };
}

/** As long as such numbers are in the countries of the kit. */
const newNumber = (prefix: string): string => {
  const length = { "+49": 14, "+43": 13, "+41": 12, "+33": 12 }[prefix.slice(0, 3)] ?? 0;
  return prefix + Array.from({ length: length - prefix.length }, () => randomInt(1, 10)).join("");
};

async function deliveryOf(challengeId: string): Promise<Record<string, unknown>> {
  const { challenge } = await mustSucceed(service.JSON, challengeCall("GetChallenge", challengeId));
  return (challenge as { deliveries: Record<string, unknown>[] }).deliveries[0] ?? {};
}

const lines = (event: string) => service.log().filter((line) => line.event === event);
const states = { accepted: "DELIVERY_STATE_ACCEPTED", delivered: "DELIVERY_STATE_DELIVERED", failed: "DELIVERY_STATE_FAILED" };
const statusOf = async (signed: Signed): Promise<number> => (await post(signed, publicUrl, service.http)).status;
const all = vendors(() => server.baseUrl);

describe.each(all.map((vendor) => [`${vendor.name} ${vendor.channel}`, vendor] as const))("%s", (_, vendor) => {
  it.each(["delivered", "failed"] as const)("a signed receipt is believed: %s", async (fate) => {
    const message = await send(vendor);
    expect(await deliveryOf(message.challengeId)).toMatchObject({ provider: vendor.name, state: states.accepted });
    expect(await statusOf(await vendor.sign(message.url, fate, message))).toBe(200);
    const failure = fate === "failed" ? { failure: "recipient_refused" } : {};
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states[fate], ...failure });
    const taken = { provider: vendor.name, state: fate, challengeId: message.challengeId };
    await expect.poll(() => lines("receipt_taken")).toContainEqual(expect.objectContaining(taken));
  });

  it("late, twice or in another order changes nothing", async () => {
    const message = await send(vendor);
    const receipts = await Promise.all(
      (["failed", "delivered", "accepted"] as const).map((fate) => vendor.sign(message.url, fate, message)),
    );
    for (const signed of [...receipts, ...receipts]) expect(await statusOf(signed)).toBe(200);
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.failed });
    const ofMessage = () => lines("receipt_taken").filter(({ challengeId }) => challengeId === message.challengeId);
    await expect.poll(ofMessage).toHaveLength(1);
  });

  const wrong = Object.entries(forgeries).filter(([name]) => !vendor.without?.includes(name as keyof typeof forgeries));
  it.each(wrong)("a receipt that is %s is refused, logged, and changes nothing", async (_name, forge) => {
    const message = await send(vendor);
    await expectRefused(message, await vendor.sign(message.url, "delivered", message, forge));
  });

  it("one whose content was changed is refused", async () => {
    const message = await send(vendor);
    const signed = await vendor.sign(message.url, "accepted", message);
    const change = (text: string): string => text.replace(/sent|ringing|submitted|buffered|accepted/i, "delivered");
    const forged = { ...signed, url: change(signed.url), ...(signed.body !== undefined && { body: change(signed.body) }) };
    expect(forged).not.toEqual(signed);
    await expectRefused(message, forged);
  });
});

async function expectRefused({ challengeId }: Message, forged: Signed): Promise<void> {
  const before = lines("receipt_refused").length;
  const response = await post(forged, publicUrl, service.http);
  expect(response.status).toBe(403);
  expect(await response.json()).toEqual({ error: "the signature does not hold for this request at this time" });
  expect(await deliveryOf(challengeId)).toMatchObject({ state: states.accepted });
  await expect.poll(() => lines("receipt_refused").length).toBeGreaterThan(before);
  const line = lines("receipt_refused").at(-1) ?? {};
  expect(Object.keys(line).toSorted()).toEqual(["event", "level", "outcome", "provider", "time", "why"]);
}

describe("a receipt of one message sent to the address of another", () => {
  // Vonage signs no address, and its test double calls every call the same: of calls, see below.
  const signing = all.filter(({ name, channel }) => name !== "aws" && !(name === "vonage" && channel === "CHANNEL_VOICE"));
  const pairs = signing.map((vendor) => [`${vendor.name} ${vendor.channel}`, vendor] as const);
  it.each(pairs)("%s: changes neither", async (_, vendor) => {
    const [mine, other] = [await send(vendor), await send(vendor)];
    const signed = await vendor.sign(mine.url, "failed", mine);
    const status = await statusOf({ ...signed, url: signed.url.replace(mine.url, other.url) });
    expect(status).toBeGreaterThanOrEqual(400);
    for (const { challengeId } of [mine, other]) expect(await deliveryOf(challengeId)).toMatchObject({ state: states.accepted });
  });

  it("a call's by the id that the vendor gave the call", async () => {
    const vendor = all.find(({ name, channel }) => name === "vonage" && channel === "CHANNEL_VOICE") as Vendor;
    const message = await send(vendor);
    const fields = { uuid: "11111111-bbbb-4ccc-8ddd-0123456789ab", status: "completed" };
    const signed = await signVonage(message.url, fields, { secret: secrets.vonage, apiKey: "01234567" });
    expect(await statusOf(signed)).toBe(403);
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.accepted });
  });
});

describe("twilio", () => {
  const [vendor] = all as readonly [Vendor];
  const sid = `SM${"a".repeat(32)}`;

  it("a body of JSON is signed by its hash in the address", async () => {
    const message = await send(vendor);
    const fields = { MessageSid: sid, MessageStatus: "delivered" };
    const signed = signTwilioJson(message.url, fields, secrets.twilio);
    expect(await statusOf({ ...signed, body: JSON.stringify({ ...fields, MessageStatus: "failed" }) })).toBe(403);
    expect(await statusOf({ ...signed, url: message.url })).toBe(403);
    expect(await statusOf(signed)).toBe(200);
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.delivered });
  });

  it("one segment that failed fails the message, whatever is said of the others", async () => {
    const message = await send(vendor);
    for (const fate of ["delivered", "failed", "delivered"] as const) await statusOf(await vendor.sign(message.url, fate, message));
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.failed });
  });

  it("a status that says nothing is answered, and changes nothing", async () => {
    const message = await send(vendor);
    expect(await statusOf(signTwilio(message.url, { MessageSid: sid, MessageStatus: "receiving" }, secrets.twilio))).toBe(200);
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.accepted });
  });

  it("a name that no message of ours has is malformed, though signed; one that is forgotten is taken", async () => {
    const fields = { MessageSid: sid, MessageStatus: "delivered" };
    const at = (name: string) => signTwilio(`${publicUrl}/receipts/twilio${name}`, fields, secrets.twilio);
    expect(await statusOf(at(""))).toBe(400);
    expect(await statusOf(at("/nobody"))).toBe(400);
    expect(await statusOf(at(`/shop.${"A".repeat(36)}.d${"A".repeat(12)}.DE`))).toBe(200);
    expect(await statusOf(at(`/other.${"A".repeat(36)}.d${"A".repeat(12)}.`))).toBe(200);
  });

  it("the code is in no address and no receipt line", async () => {
    const message = await send(vendor);
    const code = /^(\d{6})/.exec(new URLSearchParams(message.request.body).get("Body") ?? "")?.[1] ?? "";
    expect(code).toMatch(/^\d{6}$/);
    expect(message.url).not.toContain(code);
    expect(message.url).not.toContain(message.to.slice(1));
    expect(new URL(message.url).href).toMatch(/^https:\/\/otp\.example\.com\/codes\/receipts\/twilio\/shop\.[\w-]{36}\.d[\w-]{12}\.DE$/);
  });
});

describe("sns", () => {
  const vendor = all.find(({ name }) => name === "aws") as Vendor;
  const record = (to: string) => snsRecord(to, "567910cd-659e-55d4-8ccb-5aaf14679dc0", "SUCCESS", "Message has been accepted by phone");
  const address = `${publicUrl}/receipts/aws`;
  const terms = () => ({ key: snsKey, topicArn, certificateUrl: certificateUrl(server.baseUrl) });

  it("both versions of signatures hold, and the certificate is fetched once", async () => {
    for (const version of ["1", "2"] as const) {
      const message = await send(vendor);
      expect(await statusOf(signSns(address, record(message.to), { ...terms(), version }))).toBe(200);
      expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.delivered });
    }
    expect(server.requests.filter(({ path }) => path.endsWith(".pem"))).toHaveLength(1);
  });

  it("a certificate from elsewhere is not fetched, wherever its address pretends to be", async () => {
    const message = await send(vendor);
    const path = new URL(terms().certificateUrl).pathname;
    const urls = [
      `https://sns.eu-central-1.amazonaws.com.evil.example${path}`,
      `https://evil.example/sns.eu-central-1.amazonaws.com${path}`,
      `https://sns.eu-central-1.amazonaws.com@evil.example${path}`,
      `https://sns.us-east-1.amazonaws.com${path}`,
      `http://sns.eu-central-1.amazonaws.com${path}`,
      `${server.baseUrl}/another.pem`,
      `${server.baseUrl}${path}?x`,
      "not a url",
    ];
    const before = server.requests.length;
    for (const each of urls) await expectRefused(message, signSns(address, record(message.to), { ...terms(), certificateUrl: each }));
    expect(server.requests).toHaveLength(before);
  });

  it("another topic's notification is refused, and so is one with another version or type", async () => {
    const message = await send(vendor);
    const another = `${topicArn}-2`;
    const signed = signSns(address, record(message.to), { ...terms(), topicArn: another });
    await expectRefused(message, signed);
    await expectRefused(message, { ...signed, headers: { ...signed.headers, "x-amz-sns-topic-arn": topicArn } });
    await expectRefused(message, signSns(address, record(message.to), { ...terms(), after: { TopicArn: another } }));
    await expectRefused(message, signSns(address, record(message.to), { ...terms(), after: { SignatureVersion: "3" } }));
    await expectRefused(message, signSns(address, record(message.to), { ...terms(), after: { Type: "SubscriptionConfirmation" } }));
  });

  it("a subscription is confirmed at the topic's own host only", async () => {
    const subscribeUrl = `${server.baseUrl}/?Action=ConfirmSubscription&TopicArn=${topicArn}&Token=token`;
    expect(await statusOf(signSns(address, "You have chosen to subscribe", { ...terms(), subscribeUrl }))).toBe(200);
    const confirmations = () => server.requests.filter(({ path }) => path.startsWith("/?Action=ConfirmSubscription"));
    expect(confirmations()).toHaveLength(1);
    const elsewhere = "http://127.0.0.1:1/?Action=ConfirmSubscription";
    expect(await statusOf(signSns(address, "x", { ...terms(), subscribeUrl: elsewhere }))).toBe(403);
    expect(await statusOf(signSns(address, "x", { ...terms(), subscribeUrl: `${server.baseUrl}/?Action=DeleteTopic` }))).toBe(403);
    expect(await statusOf(signSns(address, "x", { ...terms(), subscribeUrl, after: { SubscribeURL: `${subscribeUrl}&x` } }))).toBe(403);
    expect(confirmations()).toHaveLength(1);
  });

  it("a record of a message that is not ours is taken and changes nothing", async () => {
    const message = await send(vendor);
    const other = snsRecord(message.to, "00000000-659e-55d4-8ccb-5aaf14679dc0", "SUCCESS", "Message has been accepted by phone");
    expect(await statusOf(signSns(address, other, terms()))).toBe(200);
    expect(await statusOf(signSns(address, record("+33612345678"), terms()))).toBe(200);
    expect(await statusOf(signSns(address, "{}", terms()))).toBe(400);
    expect(await deliveryOf(message.challengeId)).toMatchObject({ state: states.accepted });
  });
});

describe("push", () => {
  const vendor = all.find(({ channel }) => channel === "CHANNEL_PUSH") as Vendor;

  it("reaches an email address too, with a title, a text and the code in it", async () => {
    const { challenge } = await mustSucceed(service.JSON, {
      method: "SendCode",
      request: { recipient: { emailAddress: "jane@example.com" }, channels: ["CHANNEL_PUSH"] },
    });
    expect(challenge).toMatchObject({ channel: "CHANNEL_PUSH", deliveries: [{ provider: "gateway", state: states.accepted }] });
    const { channel, to, subject, text, code } = JSON.parse(server.requests.at(-1)?.body ?? "");
    expect({ channel, to, subject }).toEqual({ channel: "push", to: "jane@example.com", subject: "Your Shop code" });
    expect(text).toBe(`${code} is your Shop code. It expires in 5 minutes. Never share it.`);
    expect(vendor.urlOf(server.requests.at(-1) as VendorRequest)).toMatch(/\/receipts\/gateway\/shop\.[\w-]{36}\.d[\w-]{12}\.$/);
  });
});

describe("over HTTP", () => {
  const at = (path: string, init?: RequestInit) => fetch(`http://${service.http}${path}`, init);

  it("other paths and methods are refused clearly", async () => {
    expect((await at("/receipts/nobody", { method: "POST" })).status).toBe(404);
    expect((await at("/receipts", { method: "POST" })).status).toBe(404);
    expect((await at("/receipts/twilio/a/b", { method: "POST" })).status).toBe(404);
    const get = await at("/receipts/twilio/a");
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await at("/receiptsx")).status).toBe(404);
  });

  it("no page may call", async () => {
    for (const method of ["OPTIONS", "POST"]) {
      const response = await at("/receipts/twilio/a", { method, headers: { origin: "https://app.example.com" } });
      expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(response.status).toBeGreaterThanOrEqual(400);
    }
  });

  it("a body over 64 KiB is refused, whether its length is told or not", async () => {
    const body = "x".repeat(65_537);
    expect((await at("/receipts/twilio/a", { method: "POST", body })).status).toBe(413);
    const stream = new Blob([body]).stream();
    expect((await at("/receipts/twilio/a", { method: "POST", body: stream, duplex: "half" } as RequestInit)).status).toBe(413);
  });

  it("a body that drips is refused after five seconds", { timeout: 10_000 }, async () => {
    const [host, port] = service.http.split(":");
    const response = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(
        { host, port, path: "/receipts/twilio/a", method: "POST", headers: { "content-length": "1000" } },
        (answer) => {
          answer.resume();
          clearInterval(drip);
          resolve(answer.statusCode);
        },
      );
      request.on("error", reject);
      const drip = setInterval(() => request.write("x"), 200);
    });
    expect(response).toBe(408);
  });
});

it("no line of the log has a body, a number or a signature in it", () => {
  const output = service.stdout() + service.stderr();
  expect(lines("receipt_refused").length).toBeGreaterThan(20);
  for (const secret of Object.values(secrets)) expect(output).not.toContain(secret);
  for (const text of ["MessageSid", "client_ref", "SigningCertURL", "countersign.receipt"]) expect(output).not.toContain(text);
  expect(lines("fault")).toEqual([]);
});
