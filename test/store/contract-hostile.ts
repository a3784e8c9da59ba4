import { describe, expect, test } from "vitest";
import type { GetStore, Plant } from "./contract.ts";
import { another, authenticatorWith, guessing, limitsWith, newRef, opening, openingUnsent, recording, resending } from "./requests.ts";

/** What a query language, an object or a text format could take for something else. */
const hostile = [
  "$$NOW",
  "$$ROOT",
  "$failures",
  "$open.x.codes",
  "$",
  "a.b",
  ".",
  "",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "__v",
  "0",
  "-1",
  "null",
  '{"$ne":null}',
  "'; drop table ledgers; --",
  '"',
  "\\",
  "\u0000",
  "\u2028",
  "ä😀",
  "x".repeat(4000),
];

export function hostileContract(store: GetStore, plant: Plant): void {
  describe.concurrent("text is only text", () => {
    test.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text] as const))("%s", async (_, text) => {
      const ref = newRef(text);
      const more = { purpose: text, context: `c${text}` };
      const message = { sealed: text, code: text, idempotency: { key: text, content: text } };
      const request = opening(ref, { ...more, message });
      expect(await store().open(request)).toMatchObject({
        status: "opened",
        view: { challenge: { ...more, sealed: text, codes: [text] } },
      });
      expect(await store().open(opening(ref, { message }))).toMatchObject({ status: "in_progress" });
      expect(await store().open(opening(ref, { message: { ...message, idempotency: { key: text, content: "x" } } }))).toEqual({
        status: "key_reused",
      });
      const { deliveryId } = request.message;
      await store().recordDelivery(recording(ref, deliveryId, { provider: text, reference: text }));
      const read = await store().read(ref);
      expect(read?.challenge.deliveries[deliveryId]).toMatchObject({
        state: "accepted",
        provider: text,
        reference: text,
        idempotency: message.idempotency,
      });
      const asked = { id: "a digest", content: text };
      const guess = (code: string, more = {}) => store().verify(guessing(ref, code, { context: `c${text}`, ...more }));
      expect(await guess(`${text} or not`)).toMatchObject({ status: "mismatch", attemptsRemaining: 4 });
      expect(await guess(text, { context: text })).toMatchObject({ status: "binding_mismatch" });
      expect(await guess("wrong", { request: asked })).toMatchObject({ status: "mismatch", attemptsRemaining: 2 });
      expect(await guess("wrong", { request: asked })).toMatchObject({ status: "mismatch", attemptsRemaining: 2 });
      expect(await guess("wrong", { request: { ...asked, content: "x" } })).toEqual({ status: "request_reused" });
      expect(await store().resend(resending(ref, { keepPrevious: true, message: { sealed: text } }))).toMatchObject({ status: "opened" });
      expect(await guess(text)).toMatchObject({ status: "approved", view: { challenge: { codes: [text, "fresh"], sealed: text } } });
      expect(await store().verify(guessing({ ...ref, application: `${text}x` }, text))).toEqual({ status: "not_found" });
    });

    test.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text] as const))("%s, of a subject", async (_, text) => {
      const ref = newRef(text);
      const recovery = authenticatorWith({ kind: "recovery_code", name: text, salt: text, unused: ["h1", text] });
      await plant(ref, { a1: authenticatorWith({ secret: text }), a2: recovery });
      const limits = limitsWith({ guessesPerChallenge: 9 });
      const idempotency = { key: text, content: text };
      const asked = openingUnsent(ref, { purpose: text, context: text, sealed: text, idempotency });
      expect(await store().openUnsent(asked)).toMatchObject({ status: "opened", view: { challenge: { sealed: text, idempotency } } });
      expect(await store().openUnsent(asked)).toMatchObject({ status: "replayed" });
      const guess = (more: Partial<Parameters<typeof guessing>[2]> = {}) =>
        store().verify(guessing(ref, text, { context: text, limits, ...more }));
      const before = await guess();
      if (before.status !== "unprepared") throw new Error(before.status);
      expect(before.view.authenticators).toMatchObject({ a1: { secret: text }, a2: { name: text, salt: text } });
      expect(await guess({ claim: { authenticator: text, position: 7, drift: 0 } })).toMatchObject({ status: "mismatch" });
      expect(await guess({ claim: { authenticator: text, hash: text } })).toMatchObject({ status: "mismatch" });
      expect(await guess({ claim: { authenticator: "a2", hash: `${text} or not` } })).toMatchObject({ status: "mismatch" });
      const after = await guess();
      expect(after.status === "unprepared" && after.view.authenticators).toEqual(before.view.authenticators);
      expect(await guess({ claim: { authenticator: "a2", hash: text } })).toMatchObject({ status: "approved" });
      const next = another(ref);
      await store().openUnsent(openingUnsent(next));
      const left = await store().verify(guessing(next, text));
      expect(left.status === "unprepared" && left.view.authenticators?.a2?.unused).toEqual(["h1"]);
      expect(await store().charge({ ledger: ref.ledger, application: text, limits })).toEqual({ status: "charged" });
    });

    test.each(hostile.map((text) => [JSON.stringify(text).slice(0, 40), text] as const))("%s, of a fallback", async (_, text) => {
      const request = opening(newRef(text), { subject: `s${text}`, fallback: { channels: ["voice"] } });
      const { deliveryId } = request.message;
      expect(await store().open(request)).toMatchObject({ status: "opened", view: { challenge: { subject: `s${text}` } } });
      await store().recordDelivery(recording(request, deliveryId, { provider: text, failure: text as never }));
      await store().recordDelivery(recording(request, deliveryId, { provider: `${text}x`, state: "delivered" }));
      await store().recordDelivery(
        recording(request, deliveryId, { provider: text, reference: text, state: "failed", failure: text as never }),
      );
      const delivery = (await store().read(request))?.challenge.deliveries[deliveryId];
      expect(delivery).toMatchObject({ state: "failed", provider: text, reference: text, failure: text });
      expect(await store().resend(resending(request, { insteadOf: text }))).toEqual({ status: "not_due" });
      expect(await store().resend(resending(request, { insteadOf: deliveryId }))).toMatchObject({ status: "opened" });
    });

    test("a guess without a hash is a wrong one", async () => {
      const ref = newRef();
      await store().open(opening(ref));
      expect(await store().verify(guessing(ref, "", { hashes: [] }))).toMatchObject({ status: "mismatch" });
      expect(await store().verify(guessing(ref, "", { hashes: [""] }))).toMatchObject({ status: "mismatch" });
    });

    test.each(["__proto__-_-_-_-_", "constructor-----", "hasOwnProperty__", "0123456789012345", "----------------"])(
      "the nonce %s",
      async (nonce) => {
        const ref = { ...newRef(), nonce };
        expect(await store().verify(guessing(ref, "right"))).toEqual({ status: "not_found" });
        expect(await store().open(opening(ref))).toMatchObject({ status: "opened", view: { nonce } });
        expect(await store().verify(guessing(ref, "right"))).toMatchObject({ status: "approved" });
      },
    );
  });
}
