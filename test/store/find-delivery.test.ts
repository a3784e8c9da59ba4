import { afterAll, describe, expect, it } from "vitest";
import type { DeliveryFinder, LedgerStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { findMongo } from "./databases.ts";
import { another, newRef, opening } from "./requests.ts";
import { newPath, openOn } from "./sqlite-file.ts";

type Store = DeliveryFinder & LedgerStore;

const mongo = await findMongo();
const url = mongo?.newDatabase() ?? "";
afterAll(async () => {
  await mongo?.drop(url);
  await mongo?.stop();
});

const stores: readonly { readonly name: string; open(): Promise<Store> }[] = [
  { name: "SQLite", open: () => openOn(newPath()) as Promise<Store> },
  ...(mongo ? [{ name: "MongoDB", open: () => openMongoStore({ url }) }] : []),
];

describe.each(stores)("a message found by the provider's id: $name", ({ name, open }) => {
  it("in the records that are named, by that provider's id only", async () => {
    const store = await open();
    // SQLite stores of the tests are closed by who opened them.
    if (name === "MongoDB") afterAll(() => store.close());
    const [ref, stranger] = [newRef(), newRef("other")];
    const sent = opening(ref);
    const second = opening(another(ref));
    for (const request of [sent, second, opening(stranger)]) await store.open(request);
    const record = { state: "accepted", provider: "aws" } as const;
    await store.recordDelivery({ ...sent, ...record, deliveryId: sent.message.deliveryId, reference: "id-1" });
    await store.recordDelivery({ ...second, ...record, deliveryId: second.message.deliveryId, reference: "id-2" });
    const find = (reference: string, ledgers: readonly string[], provider = "aws") => store.findDelivery({ ledgers, provider, reference });
    const both = [stranger.ledger, ref.ledger];
    expect(await find("id-1", both)).toEqual({ ref, deliveryId: sent.message.deliveryId });
    expect(await find("id-2", both)).toEqual({
      ref: { ledger: ref.ledger, nonce: second.nonce, application: "shop" },
      deliveryId: second.message.deliveryId,
    });
    expect(await find("id-3", both)).toBeUndefined();
    expect(await find("id-1", both, "twilio")).toBeUndefined();
    expect(await find("id-1", [stranger.ledger])).toBeUndefined();
    expect(await find("id-1", [newRef().ledger])).toBeUndefined();
    expect(await find("id-1", [])).toBeUndefined();
  });
});
