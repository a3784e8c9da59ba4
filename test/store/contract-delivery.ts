import { describe, expect, test } from "vitest";
import type { GetStore } from "./contract.ts";
import { another, newRef, opening, recording, resending } from "./requests.ts";
import { sleepAtLeast } from "./steps.ts";

export function deliveryContract(store: GetStore): void {
  describe.concurrent("recordDelivery", () => {
    test("sets the state of its own message only", async () => {
      const ref = newRef();
      const first = opening(ref, { message: { idempotency: { key: "key", content: "content" } } });
      const second = resending(ref);
      await store().open(first);
      const resent = await store().resend(second);
      if (resent.status !== "opened") throw new Error(resent.status);
      await sleepAtLeast(5);
      await store().recordDelivery(recording(ref, first.message.deliveryId, { reference: "SM1" }));
      const { deliveries } = (await store().read(ref))?.challenge ?? {};
      const before = resent.view.challenge.deliveries;
      const updated = deliveries?.[first.message.deliveryId];
      expect(updated).toEqual({
        ...before[first.message.deliveryId],
        state: "accepted",
        provider: "twilio",
        reference: "SM1",
        updatedAt: expect.any(Number),
        times: { accepted: expect.any(Number) },
      });
      expect(updated?.updatedAt).toBeGreaterThan(updated?.createdAt ?? Number.NaN);
      expect(deliveries?.[second.message.deliveryId]).toEqual(before[second.message.deliveryId]);
    });

    test("what is more certain replaces what was known before", async () => {
      const ref = newRef();
      const request = opening(ref);
      await store().open(request);
      const { deliveryId } = request.message;
      await store().recordDelivery(recording(ref, deliveryId, { state: "unknown", failure: "timeout" }));
      expect((await store().read(ref))?.challenge.deliveries[deliveryId]).toMatchObject({ state: "unknown", failure: "timeout" });
      await store().recordDelivery(recording(ref, deliveryId));
      const delivery = (await store().read(ref))?.challenge.deliveries[deliveryId];
      expect(delivery).toMatchObject({ state: "accepted", provider: "twilio" });
      expect(delivery?.failure).toBeUndefined();
    });

    test("keeps when it came to each state, what its vendor said of a failure, and who was asked before", async () => {
      const request = opening(newRef(), { message: { trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } });
      const { deliveryId } = request.message;
      const tried = [
        { provider: "first", failure: "unreachable", durationMs: 12 },
        { provider: "second", failure: "throttled", vendorCode: "20429", durationMs: 3 },
      ] as const;
      await store().open(request);
      await store().recordDelivery(recording(request, deliveryId, { state: "unknown", failure: "timeout", vendorCode: "$t.0", tried }));
      const read = async () => (await store().read(request))?.challenge.deliveries[deliveryId];
      const unknown = await read();
      expect(unknown).toMatchObject({ vendorCode: "$t.0", tried, trace: request.message.trace });
      await sleepAtLeast(5);
      await store().recordDelivery(recording(request, deliveryId, { state: "delivered" }));
      const delivered = await read();
      expect(delivered).toMatchObject({ tried, trace: request.message.trace });
      expect(delivered?.vendorCode).toBeUndefined();
      expect(delivered?.times).toEqual({ unknown: unknown?.times?.unknown, delivered: expect.any(Number) });
      expect(delivered?.times?.delivered).toBeGreaterThan(delivered?.times?.unknown ?? Number.NaN);
      await store().recordDelivery(recording(request, deliveryId, { state: "failed", failure: "provider_error", vendorCode: "30005" }));
      expect(await read()).toMatchObject({ vendorCode: "30005", times: { ...delivered?.times, failed: expect.any(Number) } });
    });

    test("keeps why nothing was sent, and tells of it no more than of anything else", async () => {
      const request = opening(newRef());
      const { deliveryId } = request.message;
      await store().open(request);
      await store().recordDelivery(recording(request, deliveryId, { provider: "", suppressed: "recipient exhausted" }));
      const { challenge } = (await store().read(request)) ?? {};
      expect(challenge?.deliveries[deliveryId]).toMatchObject({ state: "accepted", suppressed: "recipient exhausted" });
    });

    test("many at once are all recorded", async () => {
      const sends = Array.from({ length: 40 }, () => opening(newRef()));
      await Promise.all(sends.map((send) => store().open(send)));
      await Promise.all(sends.map((send, i) => store().recordDelivery(recording(send, send.message.deliveryId, { reference: `SM${i}` }))));
      const views = await Promise.all(sends.map((send) => store().read(send)));
      const references = views.flatMap((view) => Object.values(view?.challenge.deliveries ?? {}).map((delivery) => delivery.reference));
      expect(references).toEqual(sends.map((_, i) => `SM${i}`));
    });

    test("a message that is not there is without effect", async () => {
      const ref = newRef();
      const request = opening(ref);
      await store().open(request);
      const before = await store().read(ref);
      const { deliveryId } = request.message;
      const strangers = [recording(newRef(), deliveryId), recording(another(ref), deliveryId), recording(ref, "dOther")];
      for (const stranger of [...strangers, recording({ ...ref, application: "other" }, deliveryId)]) {
        await store().recordDelivery(stranger);
        if (stranger.nonce !== ref.nonce || stranger.ledger !== ref.ledger) expect(await store().read(stranger)).toBeUndefined();
      }
      expect(await store().read(ref)).toEqual({ ...before, now: expect.any(Number) });
    });
  });

  describe.concurrent("ping", () => {
    test("resolves while the store answers", async () => {
      await expect(store().ping()).resolves.toBeUndefined();
    });
  });
}
