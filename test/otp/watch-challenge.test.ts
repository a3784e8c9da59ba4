import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Challenge } from "../../src/otp/challenge.ts";
import { type Result, StoreUnavailable } from "../../src/otp/refusal.ts";
import { tellChanges } from "../../src/otp/tell-changes.ts";
import type { Call } from "../../src/otp/types.ts";
import { verifyCode } from "../../src/otp/verify-code.ts";
import { watchChallenge } from "../../src/otp/watch-challenge.ts";
import { createWatches, watchBounds } from "../../src/otp/watches.ts";
import { createFixture, emptySend, minute, ok } from "./fixture.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** This process, and `far`: another one on the same store, whose changes nobody tells us of. */
function createPlace(bounds = {}) {
  const far = createFixture();
  const { clock, deps } = far;
  const store = { ...deps.ledgers };
  const reads = { count: 0, atOnce: 0, mostAtOnce: 0 };
  const read = async (ref: Parameters<typeof store.read>[0]) => {
    reads.count += 1;
    reads.atOnce += 1;
    reads.mostAtOnce = Math.max(reads.mostAtOnce, reads.atOnce);
    try {
      return await store.read(ref);
    } finally {
      reads.atOnce -= 1;
    }
  };
  const watches = createWatches({ read }, { ...watchBounds, ...bounds });
  const near = { ...deps, watches };
  const telling = tellChanges(deps.ledgers, watches.changed);
  const watch = (challengeId: string, as: Partial<Call["caller"]> = {}) => {
    const away = new AbortController();
    const call = { caller: { ...far.call.caller, ...as }, signal: away.signal };
    const results: Result<Challenge>[] = [];
    const ended = (async () => {
      for await (const result of watchChallenge(near, { challengeId }, call)) results.push(result);
    })().then(
      () => "ended",
      (error: unknown) => error,
    );
    return { results, ended, away, call, states: () => results.map(summary) };
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 50) {
      clock.now += Math.min(50, left);
      await vi.advanceTimersByTimeAsync(Math.min(50, left));
    }
  };
  return { far, near, telling, store, reads, watches, watch, pass, settle: () => vi.advanceTimersByTimeAsync(0), clock };
}

const summary = (result: Result<Challenge>): string =>
  result.ok ? `${result.value.state} ${result.value.attemptsRemaining} ${result.value.deliveries.at(-1)?.state}` : result.refusal.reason;

async function opened(bounds = {}) {
  const place = createPlace(bounds);
  const { challengeId } = await ok(place.far.send());
  return { ...place, challengeId };
}

describe("what a watcher is shown", () => {
  it("the challenge as it is, then every change, until the challenge ends", async () => {
    const { far, watch, pass, challengeId } = await opened();
    const watching = watch(challengeId);
    await pass(50);
    expect(watching.results).toEqual([{ ok: true, value: await ok(far.get(challengeId)) }]);
    await far.verify(challengeId, far.wrong());
    await pass(2_000);
    await far.verify(challengeId, far.right());
    await pass(2_000);
    expect(watching.states()).toEqual(["pending 5 accepted", "pending 4 accepted", "verified 3 accepted"]);
    expect(await watching.ended).toBe("ended");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("what this process changed, at once", async () => {
    const { far, telling, watch, settle, challengeId } = await opened();
    const near = { ...far.deps, ledgers: telling };
    const watching = watch(challengeId);
    await settle();
    const request = { challengeId, purpose: "", binding: {}, requestId: "" };
    await verifyCode(near, { ...request, code: far.wrong() }, far.call);
    await settle();
    await verifyCode(near, { ...request, code: far.right() }, far.call);
    await settle();
    expect(watching.states()).toEqual(["pending 5 accepted", "pending 4 accepted", "verified 3 accepted"]);
    expect(await watching.ended).toBe("ended");
  });

  it("what another process changed after a long quiet, within two seconds", async () => {
    const { far, watch, pass, challengeId } = await opened();
    const watching = watch(challengeId);
    await pass(2 * minute);
    await far.resend(challengeId);
    const before = watching.results.length;
    await pass(2_000);
    expect(watching.results.slice(before)).toMatchObject([{ value: { sendsRemaining: 3 } }]);
  });

  it("its expiry, when it expires", async () => {
    const { watch, pass, challengeId } = await opened();
    const watching = watch(challengeId);
    await pass(5 * minute - 100);
    expect(watching.states().at(-1)).toMatch(/^pending/);
    await pass(200);
    expect(watching.states().at(-1)).toMatch(/^expired/);
    expect(await watching.ended).toBe("ended");
  });

  it("that the last guess was spent, or that it was canceled: no code verifies any more", async () => {
    const { far, watch, pass, challengeId } = await opened();
    const other = await ok(far.send());
    const watching = [watch(challengeId), watch(other.challengeId)];
    await pass(50);
    await far.cancel(challengeId);
    for (let guess = 0; guess < 5; guess++) await far.verify(other.challengeId, far.wrong());
    await pass(300);
    expect(watching.map((each) => each.states().at(-1))).toEqual(["canceled 5 accepted", "exhausted 0 accepted"]);
    expect(await Promise.all(watching.map((each) => each.ended))).toEqual(["ended", "ended"]);
  });

  it("one answer of a challenge that is over", async () => {
    const { far, watch, settle, challengeId } = await opened();
    await far.verify(challengeId, far.right());
    const watching = watch(challengeId);
    await settle();
    expect(watching.states()).toEqual(["verified 4 accepted"]);
    expect(await watching.ended).toBe("ended");
  });

  it("the same again when nothing changes for ten seconds", async () => {
    const { watch, pass, challengeId } = await opened();
    const watching = watch(challengeId);
    await pass(minute);
    expect(watching.results.length).toBeGreaterThanOrEqual(5);
    expect(watching.results.length).toBeLessThanOrEqual(7);
    expect(new Set(watching.results.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it("the latest and not what was between, when it reads slowly", async () => {
    const { far, near, pass, challengeId } = await opened();
    const stream = watchChallenge(near, { challengeId }, far.call);
    const first = stream.next();
    await pass(50);
    expect(summary((await first).value as Result<Challenge>)).toBe("pending 5 accepted");
    for (let guess = 0; guess < 3; guess++) {
      await far.verify(challengeId, far.wrong());
      await pass(3_000);
    }
    expect(summary((await stream.next()).value as Result<Challenge>)).toBe("pending 2 accepted");
    await stream.return();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("no name of a provider when it is a browser", async () => {
    const { watch, settle, challengeId } = await opened();
    const watching = [watch(challengeId), watch(challengeId, { kind: "browser" })];
    await settle();
    expect(watching.map(({ results: [shown] }) => shown?.ok && shown.value.deliveries[0]?.provider)).toEqual(["first", ""]);
  });
});

describe("who is refused", () => {
  it("whoever names no challenge, or another application's", async () => {
    const { far, watch, settle, challengeId } = await opened();
    const stranger = { application: { ...far.call.caller.application, id: "bank" } };
    const watching = [watch(challengeId), watch(challengeId, stranger), watch("A".repeat(36)), watch("short"), watch("a b")];
    await settle();
    expect(watching.map((each) => each.states())).toEqual([
      ["pending 5 accepted"],
      ["CHALLENGE_NOT_FOUND"],
      ["CHALLENGE_NOT_FOUND"],
      ["CHALLENGE_NOT_FOUND"],
      ["INVALID_ARGUMENT"],
    ]);
  });

  it.each([
    ["challenge", { perChallenge: 2 }],
    ["application", { perApplication: 2 }],
    ["service", { perProcess: 2 }],
  ])("too many of one %s; a place that was left is free again", async (scope, bounds) => {
    const { watch, settle, challengeId } = await opened(bounds);
    const watching = [watch(challengeId), watch(challengeId), watch(challengeId)];
    await settle();
    expect(watching[2]?.results).toMatchObject([{ refusal: { reason: "RATE_LIMITED", metadata: { scope }, retryAfterMs: 5_000 } }]);
    watching[0]?.away.abort();
    await settle();
    const next = watch(challengeId);
    await settle();
    expect(next.states()).toEqual(["pending 5 accepted"]);
  });

  it("and one application leaves room for the others", async () => {
    const { far, watch, settle, challengeId } = await opened({ perApplication: 1 });
    const bank = { ...far.call.caller, application: { ...far.call.caller.application, id: "bank" } };
    const theirs = await ok(far.send({}, { ...far.call, caller: bank }));
    const watching = [watch(challengeId), watch(challengeId), watch(theirs.challengeId, bank)];
    await settle();
    expect(watching.map((each) => each.states())).toEqual([["pending 5 accepted"], ["RATE_LIMITED"], ["pending 5 accepted"]]);
  });

  it("whoever goes away is not read for any more", async () => {
    const { watch, pass, reads, challengeId } = await opened();
    const watching = watch(challengeId);
    await pass(1_000);
    watching.away.abort(new Error("gone"));
    expect(await watching.ended).toEqual(new Error("gone"));
    const { count } = reads;
    await pass(minute);
    expect(reads.count).toBe(count);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("without the store", () => {
  const away = () => Promise.reject(new StoreUnavailable(new Error("away")));

  it("a watch does not begin", async () => {
    const { store, watch, settle, challengeId } = await opened();
    store.read = away;
    const watching = watch(challengeId);
    await settle();
    expect(watching.states()).toEqual(["STORE_UNAVAILABLE"]);
  });

  it("one that has begun is kept for half a minute, and tells nothing that is not known", async () => {
    const { far, store, watch, pass, challengeId } = await opened();
    const { read } = store;
    const watching = watch(challengeId);
    await pass(50);
    store.read = away;
    await pass(28_000);
    expect(watching.states()).toEqual(["pending 5 accepted"]);
    store.read = read;
    await far.verify(challengeId, far.wrong());
    await pass(2_000);
    expect(watching.states()).toEqual(["pending 5 accepted", "pending 4 accepted"]);
    store.read = away;
    await pass(33_000);
    expect(watching.states().at(-1)).toBe("STORE_UNAVAILABLE");
    expect(await watching.ended).toBe("ended");
  });

  it("a defect is thrown", async () => {
    const { store, watch, challengeId } = await opened();
    store.read = () => Promise.reject(new TypeError("a defect"));
    expect(await watch(challengeId).ended).toEqual(new TypeError("a defect"));
  });
});

describe("the store", () => {
  it("is read once for all who watch one challenge, and ever more seldom", async () => {
    const { watch, pass, reads, challengeId } = await opened();
    watch(challengeId);
    await pass(5_000);
    expect(reads.count).toBeLessThanOrEqual(9);
    for (let more = 0; more < 9; more++) watch(challengeId);
    await pass(2_000);
    const { count } = reads;
    await pass(minute);
    expect(reads.count - count).toBeLessThanOrEqual(31);
  });

  it("is read by a few at once, and no more often than a process may", async () => {
    const { far, store, watch, pass, reads } = await opened({ readsAtOnce: 3, readsPerSecond: 10 });
    const { read } = store;
    store.read = async (ref) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return read(ref);
    };
    for (let index = 0; index < 60; index++) {
      const { challengeId } = await ok(far.send({ ...emptySend, recipient: { kind: "phone", value: `+49151${1_000_000 + index}` } }));
      watch(challengeId);
    }
    await pass(minute);
    expect(reads.mostAtOnce).toBe(3);
    const { count } = reads;
    await pass(minute);
    expect(reads.count - count).toBeLessThanOrEqual(11 * 60);
    expect(reads.count - count).toBeGreaterThan(8 * 60);
  });
});

it("a process that stops ends every watch, and takes no more", async () => {
  const { watches, watch, settle, reads, challengeId } = await opened();
  const watching = [watch(challengeId), watch(challengeId)];
  await settle();
  watches.close();
  const { count } = reads;
  const late = watch(challengeId);
  await settle();
  for (const each of [...watching, late]) {
    expect(each.results.at(-1)).toMatchObject({ refusal: { reason: "SHUTTING_DOWN", retryAfterMs: 1_000 } });
    expect(await each.ended).toBe("ended");
  }
  expect(reads.count).toBe(count);
  expect(vi.getTimerCount()).toBe(0);
});
