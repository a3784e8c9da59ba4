import { describe, expect, test } from "vitest";
import type { GetStore } from "./contract.ts";
import { guessing, newRef, opening, recording, resending } from "./requests.ts";

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

export function hostileContract(store: GetStore): void {
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
