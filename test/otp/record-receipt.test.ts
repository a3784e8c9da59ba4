import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { formatMessageName, parseMessageName, type Receipt } from "../../src/otp/receipt.ts";
import { type ReceiptDeps, recordReceipt } from "../../src/otp/record-receipt.ts";
import { newRef, opening } from "../store/requests.ts";
import { createMemoryLedgers } from "./memory-ledgers.ts";

const call = { method: "POST", url: "", name: "", query: new URLSearchParams(), header: () => undefined, body: Buffer.alloc(0) };

/** A message under way, and vendors whose receipts say what the test wants. */
async function sending() {
  const clock = { now: 1_000_000 };
  const { store } = createMemoryLedgers(clock);
  const request = opening(newRef());
  await store.open(request);
  const { deliveryId } = request.message;
  const ref = { ledger: request.ledger, nonce: request.nonce, application: request.application };
  const events: string[] = [];
  const counted: string[] = [];
  const reading = (receipt: Receipt) => ({
    methods: ["POST"] as const,
    read: async () => ({ outcome: "read" as const, subject: { ref, deliveryId, country: "DE" }, receipt }),
  });
  const take = (provider: string, receipt: Receipt) => {
    const deps: ReceiptDeps = {
      ledgers: store,
      deliveries: { findDelivery: async () => undefined },
      keyring: { ledgerOf: () => "", unseal: () => JSON.stringify({ recipient: { kind: "phone", value: "+491701234567" }, client: {} }) },
      parseRecipient: () => ({ ok: false, violation: { field: "", description: "" } }),
      applications: [],
      receiptReaders: new Map([[provider, reading(receipt)]]),
      events: {
        receiptTaken: ({ state }) => void events.push(`taken ${provider} ${state}`),
        receiptRefused: ({ why }) => void events.push(`refused ${provider} ${why}`),
      },
      traffic: { delivered: ({ recipient }) => void counted.push(recipient.value) },
      onReceipt: (name, { country }, { state }) => void events.push(`told ${name} ${country} ${state}`),
    };
    return recordReceipt(deps, provider, call);
  };
  const record = (provider: string, state: "accepted" | "failed", reference = "id") =>
    store.recordDelivery({ ...ref, deliveryId, provider, state, reference });
  const delivery = async () => (await store.read(ref))?.challenge.deliveries[deliveryId];
  return { clock, take, record, delivery, events, counted, ref, deliveryId };
}

const failed: Receipt = { state: "failed", failure: "recipient_refused" };

test("a failure told by a provider that was passed over is not the message's, however early it comes", async () => {
  const { take, record, delivery, events } = await sending();
  const early = take("main", failed);
  await sleep(20);
  await record("spare", "accepted");
  expect(await early).toBe("taken");
  expect(await delivery()).toMatchObject({ provider: "spare", state: "accepted" });
  expect(await take("spare", { state: "delivered" })).toBe("taken");
  expect(await delivery()).toMatchObject({ provider: "spare", state: "delivered" });
  expect(events).toEqual(["taken spare delivered", "told spare DE delivered"]);
});

test("one told by the provider that took the message counts when that is known", async () => {
  const { take, record, delivery } = await sending();
  const early = take("main", failed);
  await sleep(20);
  await record("main", "accepted");
  expect(await early).toBe("taken");
  expect(await delivery()).toMatchObject({ provider: "main", state: "failed", failure: "recipient_refused" });
});

test("while nobody knows who takes it, the vendor is to come again; when whoever sent it fell silent, it is believed", async () => {
  const { clock, take, delivery } = await sending();
  expect(await take("main", failed)).toBe("unavailable");
  expect(await delivery()).toMatchObject({ state: "sending" });
  clock.now += 20_000;
  expect(await take("main", failed)).toBe("taken");
  expect(await delivery()).toMatchObject({ provider: "main", state: "failed" });
});

test("good news need not wait", async () => {
  const { take, delivery } = await sending();
  expect(await take("main", { state: "delivered" })).toBe("taken");
  expect(await delivery()).toMatchObject({ provider: "main", state: "delivered" });
});

test("each change is told once, and another message's id changes nothing", async () => {
  const { take, record, events } = await sending();
  await record("main", "accepted", "id-1");
  expect(await take("main", { state: "delivered", reference: "id-2" })).toBe("forged");
  for (let times = 0; times < 3; times += 1) expect(await take("main", { state: "delivered", reference: "id-1" })).toBe("taken");
  expect(events).toEqual(["refused main another message's", "taken main delivered", "told main DE delivered"]);
});

test("nobody's provider, and nobody's message", async () => {
  const { take, clock, delivery, ref, deliveryId } = await sending();
  expect(parseMessageName(formatMessageName({ ref, deliveryId }))).toEqual({ ref, deliveryId });
  clock.now += 10 * 3_600_000;
  expect(await delivery()).toBeUndefined();
  expect(await take("main", failed)).toBe("taken");
});

test("a message that arrived is counted for its place, once", async () => {
  const { take, record, counted } = await sending();
  await record("main", "accepted");
  await take("main", { state: "delivered" });
  await take("main", { state: "delivered" });
  await take("main", failed);
  expect(counted).toEqual(["+491701234567"]);
});
