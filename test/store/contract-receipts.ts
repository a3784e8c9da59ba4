import { describe, expect, test } from "vitest";
import { deliveryStates, type RecordDelivery } from "../../src/otp/ledger.ts";
import type { GetStore } from "./contract.ts";
import { newRef, opening, recording, resending } from "./requests.ts";

type State = RecordDelivery["state"];
const states = deliveryStates.filter((state): state is State => state !== "sending");

export function receiptsContract(store: GetStore): void {
  describe.concurrent("receipts", () => {
    const pairs = states.flatMap((before) => states.map((after) => [before, after] as const));
    test.each(pairs)("%s, then %s: a state gives way only to those behind it", async (before, after) => {
      const request = opening(newRef());
      const { deliveryId } = request.message;
      await store().open(request);
      await store().recordDelivery(recording(request, deliveryId, { state: before, reference: "first", failure: "timeout" }));
      const known = (await store().read(request))?.challenge.deliveries[deliveryId];
      await store().recordDelivery(recording(request, deliveryId, { state: after, reference: "second" }));
      const delivery = (await store().read(request))?.challenge.deliveries[deliveryId];
      if (states.indexOf(after) <= states.indexOf(before)) return expect(delivery).toEqual(known);
      expect(delivery).toMatchObject({ state: after, reference: "second" });
      expect(delivery?.failure).toBeUndefined();
    });

    test("a provider that did not carry the message has no say; one whose name was never told is believed", async () => {
      const request = opening(newRef());
      const { deliveryId } = request.message;
      await store().open(request);
      await store().recordDelivery(recording(request, deliveryId, { provider: "theirs", reference: "r1" }));
      await store().recordDelivery(recording(request, deliveryId, { provider: "another", state: "delivered", reference: "r2" }));
      const delivery = (await store().read(request))?.challenge.deliveries[deliveryId];
      expect(delivery).toMatchObject({ state: "accepted", provider: "theirs", reference: "r1" });
      await store().recordDelivery(recording(request, deliveryId, { provider: "theirs", state: "delivered" }));
      const delivered = (await store().read(request))?.challenge.deliveries[deliveryId];
      expect(delivered).toMatchObject({ state: "delivered", provider: "theirs", reference: "r1" });
    });

    test("of an earlier message change that message only", async () => {
      const first = opening(newRef());
      const second = resending(first);
      await store().open(first);
      await store().resend(second);
      await store().recordDelivery(recording(first, second.message.deliveryId, { state: "failed" }));
      await store().recordDelivery(recording(first, first.message.deliveryId, { state: "delivered" }));
      const { deliveries } = (await store().read(first))?.challenge ?? {};
      expect(Object.values(deliveries ?? {}).map(({ state }) => state)).toEqual(["delivered", "failed"]);
    });
  });
}
