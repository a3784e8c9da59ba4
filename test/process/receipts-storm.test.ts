/** Ten thousand receipts of some hundred messages at once: shuffled, repeated, late, and a third of them forged. */
import { createHash, randomInt } from "node:crypto";
import { Agent, request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signed } from "../providers/receipt-signers.ts";
import type { VendorRequest } from "../providers/vendor-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { challengeCall, open } from "./calls.ts";
import { stores } from "./databases.ts";
import { newKey } from "./production-config.ts";
import { type Fate, forgeries, publicUrl, receiptsConfig, startVendors, type Vendor, vendors } from "./receipts-kit.ts";
import { type Service, startService } from "./service.ts";

const messagesInAll = 200;
const receiptsInAll = 10_000;
/** As many as vendors have under way at a time. */
const atOnce = 100;
const fates: readonly Fate[] = ["accepted", "delivered", "failed"];

describe.each(stores)("a storm of receipts: $name", ({ newUrl }) => {
  const caller = newKey();
  let server: Awaited<ReturnType<typeof startVendors>>;
  let replicas: readonly [Service, Service];
  beforeAll(async () => {
    server = await startVendors();
    // Each forged one is looked for in the log.
    const config = { ...receiptsConfig(server.baseUrl, [caller]), log: { repeatsPerMinute: 100_000 } };
    const options = { key: caller.key, store: newUrl(), config };
    replicas = await Promise.all([startService(options), startService(options)]);
  });
  afterAll(() => server.stop());

  it("ends in the right state of each message, on two replicas", { timeout: 180_000 }, async ({ annotate }) => {
    const messages = await sendAll();
    const receipts = await writeReceipts(messages);
    expect(receipts).toHaveLength(receiptsInAll);
    const started = performance.now();
    const statuses = await postAll(receipts);
    const ms = performance.now() - started;
    await annotate(`${receiptsInAll} receipts in ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(120_000);
    expect(tally(receipts.map(({ forged }) => (forged ? 403 : 200)))).toEqual(tally(statuses));
    await expectStates(messages);
    const events = (name: string) => replicas.flatMap((replica) => replica.log()).filter(({ event }) => event === name);
    const forged = receipts.filter((receipt) => receipt.forged).length;
    await expect.poll(() => events("receipt_refused").length, { timeout: 10_000, interval: 200 }).toBe(forged);
    expect(events("fault")).toEqual([]);
  });

  type Sent = {
    readonly challengeId: string;
    readonly fate: Fate;
    readonly url: string;
    readonly to: string;
    readonly request: VendorRequest;
    readonly vendor: Vendor;
  };

  /** By two vendors in turns, and each with a fate. */
  async function sendAll(): Promise<Sent[]> {
    const chosen = vendors(() => server.baseUrl).filter(
      ({ name, channel }) => channel === "CHANNEL_SMS" && ["twilio", "vonage"].includes(name),
    );
    const sent: Sent[] = [];
    for (let index = 0; index < messagesInAll; index += 1) {
      const vendor = chosen[index % chosen.length] as Vendor;
      const to = vendor.prefix + String(1_000_000 + index * 7 + randomInt(7));
      const challengeId = await open(replicas[index % 2 ? 1 : 0].gRPC, to, { channels: [vendor.channel] });
      const request = server.requests.at(-1) as VendorRequest;
      sent.push({ challengeId, fate: fates[index % 3] as Fate, url: vendor.urlOf(request), to, request, vendor });
    }
    return sent;
  }

  type Receipt = { readonly signed: Signed; readonly forged: boolean };

  /** Every true receipt says no more than the message's fate; every forged one says what would be worst. */
  async function writeReceipts(messages: readonly Sent[]): Promise<Receipt[]> {
    const perMessage = receiptsInAll / messages.length;
    const forForged = Math.floor(perMessage / 3);
    const receipts = await Promise.all(
      messages.flatMap(({ vendor, url, fate, to, request }) => {
        const told = fates.slice(0, fates.indexOf(fate) + 1);
        return Array.from({ length: perMessage }, async (_, index): Promise<Receipt> => {
          if (index >= forForged)
            return { signed: await vendor.sign(url, told[index % told.length] as Fate, { to, request }), forged: false };
          const worst = index % 2 ? "failed" : "delivered";
          const how = index % 3 ? forgeries["signed by another key"] : forgeries.unsigned;
          return { signed: await vendor.sign(url, worst, { to, request }, how), forged: true };
        });
      }),
    );
    return shuffled(receipts);
  }

  async function postAll(receipts: readonly Receipt[]): Promise<number[]> {
    const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
    const statuses: number[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let index = next++; index < receipts.length; index = next++) {
        const { http } = replicas[index % 2 ? 1 : 0];
        statuses.push(await postOne((receipts[index] as Receipt).signed, http, agent));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    agent.destroy();
    return statuses;
  }

  async function expectStates(messages: readonly Sent[]): Promise<void> {
    const wanted = messages.map(({ challengeId, fate }) => `${challengeId} DELIVERY_STATE_${fate.toUpperCase()}`);
    const found = await Promise.all(
      messages.map(async ({ challengeId }) => {
        const { challenge } = await mustSucceed(replicas[0].gRPC, challengeCall("GetChallenge", challengeId));
        const [delivery] = (challenge as { deliveries: { state: string }[] }).deliveries;
        return `${challengeId} ${delivery?.state}`;
      }),
    );
    expect(found).toEqual(wanted);
  }
});

function postOne(signed: Signed, http: string, agent: Agent): Promise<number> {
  const url = new URL(signed.url.replace(publicUrl, `http://${http}`));
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: signed.method, headers: signed.headers, agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", reject);
    request.end(signed.body);
  });
}

function tally(statuses: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** In an order that has nothing to do with theirs. */
const shuffled = <Item>(items: readonly Item[]): Item[] =>
  items
    .map((item, index) => ({ item, key: createHash("sha256").update(`storm ${index}`).digest("hex") }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item);
