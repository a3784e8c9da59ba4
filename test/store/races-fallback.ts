import assert from "node:assert/strict";
import { type ChallengeRef, deliveryStates, type RecordDelivery } from "../../src/otp/ledger.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { one, parallel, type Race, rounds, tally } from "./racing.ts";
import { guessing, minute, newRef, opening, recording, resending } from "./requests.ts";

type Stores = readonly LedgerStore[];

export const fallbackRaces: readonly Race[] = [
  { name: "50 takers of a fallback whose time is up: one message", run: (stores) => rounds(3, () => takers(stores, timeIsUp)) },
  { name: "50 takers of a fallback after a refusal: one message", run: (stores) => rounds(3, () => takers(stores, isRefused)) },
  {
    name: "fallback against verify: a code that was accepted is the last one sent",
    run: (stores) => rounds(40, () => againstVerify(stores)),
  },
  { name: "fallback against cancel: nothing is sent after it", run: (stores) => rounds(40, () => againstCancel(stores)) },
  { name: "fallback against a resend: both are one message more at most", run: (stores) => rounds(40, () => againstResend(stores)) },
  { name: "200 reports of one message in any order: the furthest stands", run: (stores) => rounds(3, () => reports(stores)) },
  { name: "10,000 reports of 240 messages, shuffled and repeated: each ends in the furthest of its states", run: manyReports },
];

type Send = { readonly ref: ChallengeRef; readonly insteadOf: string };

async function timeIsUp(stores: Stores): Promise<Send> {
  const ref = newRef();
  const request = opening(ref, { fallback: { channels: ["voice", "email"], afterMs: 0 }, message: { leaseMs: 0, code: "old" } });
  await one(stores).open(request);
  return { ref, insteadOf: request.message.deliveryId };
}

async function isRefused(stores: Stores): Promise<Send> {
  const ref = newRef();
  const request = opening(ref, { fallback: { channels: ["voice", "email"] }, message: { code: "old" } });
  await one(stores).open(request);
  await one(stores).recordDelivery(recording(ref, request.message.deliveryId, { state: "failed" }));
  return { ref, insteadOf: request.message.deliveryId };
}

const next = (store: LedgerStore, { ref, insteadOf }: Send) =>
  store.resend(resending(ref, { insteadOf, message: { channel: "voice", code: "new" } }));

async function takers(stores: Stores, due: (stores: Stores) => Promise<Send>): Promise<void> {
  const send = await due(stores);
  const outcomes = await parallel(50, stores, (store) => next(store, send));
  assert.deepEqual(tally(outcomes), { opened: 1, not_due: 49 });
  const { challenge } = (await one(stores).read(send.ref)) ?? {};
  assert.equal(challenge?.sends, 2);
  assert.deepEqual(challenge?.fallback?.channels, ["email"]);
}

async function againstVerify(stores: Stores): Promise<void> {
  const send = await timeIsUp(stores);
  const [verified, fell] = await Promise.all([one(stores).verify(guessing(send.ref, "old")), next(one(stores, 1), send)]);
  const ended = verified.status === "approved" ? "used" : "opened";
  assert.equal(fell.status, ended);
  assert.equal(verified.status, ended === "used" ? "approved" : "mismatch");
  const again = await one(stores).verify(guessing(send.ref, "new"));
  assert.equal(again.status, ended === "used" ? "used" : "approved");
  const { challenge } = (await one(stores).read(send.ref)) ?? {};
  assert.deepEqual([challenge?.state, challenge?.sends], ["verified", ended === "used" ? 1 : 2]);
}

async function againstCancel(stores: Stores): Promise<void> {
  const send = await timeIsUp(stores);
  const [canceled, fell] = await Promise.all([one(stores).cancel(send.ref), next(one(stores, 1), send)]);
  assert.equal(canceled.status, "canceled_now");
  assert.ok(fell.status === "canceled" || fell.status === "opened", fell.status);
  const { challenge } = (await one(stores).read(send.ref)) ?? {};
  assert.deepEqual([challenge?.state, challenge?.sends], ["canceled", fell.status === "opened" ? 2 : 1]);
  assert.equal((await one(stores).verify(guessing(send.ref, "new"))).status, "canceled");
}

/** A caller who comes first takes over; one who comes second adds a message of its own. */
async function againstResend(stores: Stores): Promise<void> {
  const send = await timeIsUp(stores);
  const [resent, ...fell] = await Promise.all([
    one(stores).resend(resending(send.ref, { message: { code: "newest" } })),
    ...Array.from({ length: 4 }, (_, i) => next(one(stores, i + 1), send)),
  ]);
  // Who waited for another may hold an earlier `$$NOW`, at which even a cooldown of nothing is not over.
  assert.ok(resent.status === "opened" || resent.status === "cooldown", resent.status);
  const byHand = resent.status === "opened" ? 1 : 0;
  const taken = fell.filter(({ status }) => status === "opened").length;
  assert.ok(taken <= 1, `${taken} messages in the place of one`);
  const { challenge } = (await one(stores).read(send.ref)) ?? {};
  assert.equal(challenge?.sends, 1 + byHand + taken);
  assert.equal(Object.keys(challenge?.deliveries ?? {}).length, 1 + byHand + taken);
  if (byHand === 1) assert.equal(challenge?.fallback, undefined);
}

async function reports(stores: Stores): Promise<void> {
  const request = opening(newRef());
  const { deliveryId } = request.message;
  await one(stores).open(request);
  const states = ["unknown", "accepted", "delivered"] as const;
  await parallel(200, stores, (store, i) => {
    const state = states[Math.floor(Math.random() * 3)] ?? "accepted";
    return store.recordDelivery(recording(request, deliveryId, { state: i === 100 ? "failed" : state, reference: `SM${i}` }));
  });
  const delivery = (await one(stores).read(request))?.challenge.deliveries[deliveryId];
  assert.deepEqual([delivery?.state, delivery?.reference], ["failed", "SM100"]);
}

async function manyReports(stores: Stores): Promise<void> {
  const messages = await parallel(240, stores, async (store, i) => {
    const request = opening(newRef(), { fallback: { channels: ["voice"], ...(i % 2 && { afterMs: minute }) } });
    await store.open(request);
    return { request, told: shuffled(reported).slice(0, 1 + (i % reported.length)) };
  });
  const all = messages.flatMap(({ request, told }) =>
    Array.from({ length: 42 }, (_, i) => recording(request, request.message.deliveryId, { state: told[i % told.length] as Reported })),
  );
  assert.ok(all.length >= 10_000);
  // As many at once as a busy webhook takes, of a few messages each time.
  for (let from = 0; from < all.length; from += 504) {
    const reports = shuffled(all.slice(from, from + 504));
    await parallel(reports.length, stores, (store, i) => store.recordDelivery(reports[i] as RecordDelivery));
  }
  const views = await parallel(240, stores, (store, i) => store.read(messages[i]?.request as ChallengeRef));
  const ended = views.map((view) => Object.values(view?.challenge.deliveries ?? {}).map(({ state }) => state));
  assert.deepEqual(
    ended,
    messages.map(({ told }) => [reported.findLast((state) => told.includes(state))]),
  );
}

type Reported = RecordDelivery["state"];
const reported = deliveryStates.filter((state): state is Reported => state !== "sending");

function shuffled<T>(from: readonly T[]): T[] {
  const left = [...from];
  return from.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0] as T);
}
