import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { formatChallengeId } from "../../src/otp/challenge-id.ts";
import type { SendResult } from "../../src/otp/ports.ts";
import { createRandom } from "../../src/otp/random.ts";
import type { MessageName, Receipt } from "../../src/otp/receipt.ts";
import { createCarriers } from "../../src/providers/create-carriers.ts";
import { providerConfig } from "../../src/providers/create-provider.ts";
import { watchReceipts } from "../../src/providers/receipts-missing.ts";
import { patience, smsMessage } from "./messages.ts";
import { account, startTwilioServer } from "./twilio-server.ts";

const timeoutMs = 60;
let count = 0;
function aMessage(country = "DE"): MessageName {
  count += 1;
  return {
    ref: { ledger: "L".repeat(20), nonce: "N".repeat(16), application: "shop" },
    deliveryId: `d${String(count).padStart(12, "0")}`,
    country,
  };
}

function watching(isSettled: (message: MessageName) => Promise<boolean> = async () => false) {
  const reports: string[] = [];
  const report = (provider: string, country: string | undefined, verdict: string) => void reports.push(`${provider} ${country} ${verdict}`);
  const watch = watchReceipts({ timeoutMs, isSettled, report });
  onTestFinished(() => watch.close());
  const receive = (message: MessageName, receipt: Receipt) => watch.settle("main", message, receipt);
  return { watch, reports, receive, expected: (message: MessageName) => watch.expect("main", message) };
}

test("a message without a receipt counts against its provider when the time is up, and not before", async () => {
  const { reports, expected } = watching();
  expected(aMessage());
  await sleep(timeoutMs / 2);
  expect(reports).toEqual([]);
  await expect.poll(() => reports).toEqual(["main DE bad"]);
  await sleep(timeoutMs * 2);
  expect(reports).toHaveLength(1);
});

test("a final receipt in time counts by what it says, and nothing is missing then", async () => {
  const { reports, expected, receive } = watching();
  const [delivered, refused, faulty, underWay] = [aMessage(), aMessage("AT"), aMessage("CH"), aMessage("FR")];
  for (const message of [delivered, refused, faulty, underWay]) expected(message);
  receive(delivered, { state: "delivered" });
  receive(refused, { state: "failed", failure: "recipient_refused" });
  receive(faulty, { state: "failed", failure: "provider_error" });
  receive(underWay, { state: "accepted" });
  expect(reports).toEqual(["main DE good", "main CH bad"]);
  await expect.poll(() => reports).toEqual(["main DE good", "main CH bad", "main FR bad"]);
});

test("a receipt that another replica took is found in the store", async () => {
  const asked: MessageName[] = [];
  const { reports, expected } = watching(async (message) => {
    asked.push(message);
    return true;
  });
  const message = aMessage();
  expected(message);
  await expect.poll(() => asked).toEqual([message]);
  expect(reports).toEqual([]);
});

test("a store that does not answer says nothing about the provider", async () => {
  const { reports, expected } = watching(() => Promise.reject(new Error("away")));
  expected(aMessage());
  await sleep(timeoutMs * 3);
  expect(reports).toEqual([]);
});

test("few that are missing among many mean nothing, in another country neither", async () => {
  const { reports, expected, receive } = watching();
  const arrived = Array.from({ length: 18 }, () => aMessage());
  for (const message of arrived) {
    expected(message);
    receive(message, { state: "delivered" });
  }
  for (let index = 0; index < 9; index += 1) expected(aMessage());
  expected(aMessage("AT"));
  await sleep(timeoutMs * 4);
  expect(reports.filter((each) => each === "main DE bad")).toEqual([]);
  expect(reports.filter((each) => each === "main AT bad")).toHaveLength(1);
  expected(aMessage());
  expected(aMessage());
  await expect.poll(() => reports.filter((each) => each === "main DE bad").length).toBeGreaterThan(0);
});

test("what is watched is bounded: more than ten thousand messages are not all remembered", async () => {
  let asked = 0;
  const { expected } = watching(async () => {
    asked += 1;
    return true;
  });
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 200_000; index += 1) expected(aMessage());
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(150_000_000);
  await sleep(timeoutMs * 3);
  expect(asked).toBeGreaterThan(0);
});

test("a provider that accepts everything and delivers nothing is passed over", async () => {
  const [main, spare] = await Promise.all([startTwilioServer(), startTwilioServer()]);
  const configOf = (baseUrl: string, receipts: object) =>
    providerConfig.parse({ kind: "twilio", accountSid: account.sid, authToken: account.token, from: "+15005550006", baseUrl, ...receipts });
  const changes: string[] = [];
  const carriers = await createCarriers(
    {
      providers: { main: configOf(main.baseUrl, { receipts: {} }), spare: configOf(spare.baseUrl, {}) },
      channels: { sms: [{ providers: [{ name: "main" }, { name: "spare" }] }] },
      circuitBreaker: { failures: 3, openMs: 3_600_000 },
      receipts: { publicUrl: "https://otp.example.com", missingAfterMs: timeoutMs },
    },
    {
      inbox: { name: "inbox", send: async (): Promise<SendResult> => ({ outcome: "accepted" }) },
      random: createRandom(),
      now: () => Date.now(),
      countryOf: () => "DE",
      isSettled: async () => false,
      onCircuitChange: ({ provider, country, state }) => void changes.push(`${provider} ${country} ${state}`),
    },
  );
  onTestFinished(async () => {
    await carriers.close();
    await Promise.all([main.stop(), spare.stop()]);
  });
  const send = (): Promise<string | undefined> => {
    const { ref, deliveryId } = aMessage();
    const message = { ...smsMessage, challengeId: formatChallengeId(ref), deliveryId };
    const terms = { signal: patience(), remainingMs: 5_000, onAttempt: () => undefined };
    return (
      carriers.byChannel
        .get("sms")
        ?.carry(message, terms)
        .then(({ provider }) => provider) ?? Promise.resolve(undefined)
    );
  };
  for (let index = 0; index < 3; index += 1) expect(await send()).toBe("main");
  expect(main.requests[0]?.fields.StatusCallback).toMatch(/^https:\/\/otp\.example\.com\/receipts\/main\/shop\.[\w-]{36}\.d\d{12}\.DE$/);
  await expect.poll(() => changes).toEqual(["main DE open"]);
  expect(await send()).toBe("spare");
  expect(spare.requests[0]?.fields).not.toHaveProperty("StatusCallback");
  expect([...carriers.receiptReaders.keys()]).toEqual(["main"]);
});
