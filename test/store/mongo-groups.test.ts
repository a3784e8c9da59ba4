/**
 * Groups write, and then read what they left. Here somebody else writes to the same records between the two, by themselves and in groups
 * of their own: whatever they leave there, each guess must be told of itself.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MongoBulkWriteError } from "mongodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OpenChallenge, VerifyChallenge, VerifyOutcome } from "../../src/otp/ledger.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import type { LedgerStore } from "../../src/otp/store-ports.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { connect, type Ledgers, type MongoConnection } from "../../src/store/mongo-connection.ts";
import { openWrite, verifyWrite } from "../../src/store/mongo-decisions.ts";
import { fieldName } from "../../src/store/mongo-document.ts";
import type { Expression } from "../../src/store/mongo-expressions.ts";
import { storeFailure } from "../../src/store/mongo-failure.ts";
import { createGroups, type Decide, type GroupedWrite } from "../../src/store/mongo-groups.ts";
import { verifyOutcome } from "../../src/store/mongo-outcomes.ts";
import type { Pipeline } from "../../src/store/mongo-pipelines.ts";
import { verifyPipeline } from "../../src/store/mongo-verify.ts";
import { findMongo } from "./databases.ts";
import { another, guessing, limitsWith, newRef, opening } from "./requests.ts";

const mongo = await findMongo();
afterAll(() => mongo?.stop());

describe.skipIf(!mongo)("groups", () => {
  const url = mongo?.newDatabase() ?? "";
  let connection: MongoConnection;
  let alone: LedgerStore;
  let grouped: LedgerStore;
  beforeAll(async () => {
    connection = await connect({ url, maxPoolSize: 8, timeoutMs: 5_000 });
    alone = await openMongoStore({ url });
    grouped = await openMongoStore({ url, groupFrom: 1 });
  });
  afterAll(async () => {
    await Promise.all([connection, alone, grouped].map((each) => each?.close()));
    await mongo?.drop(url);
  });

  /** Calls `between` after a group has written, and before it reads. */
  const interrupted = (between: () => Promise<unknown>): Decide => {
    let operations = 0;
    const run: MongoConnection["run"] = async (operation) => {
      operations += 1;
      if (operations === 2) await between();
      return connection.run(operation);
    };
    return createGroups({ run }, { maxWaitMs: 5_000, groupFrom: 1 });
  };
  const verifyThen = (guess: VerifyChallenge, between: () => Promise<unknown>) => interrupted(between)(verifyWrite(guess));
  const openThen = (request: OpenChallenge, between: () => Promise<unknown>) => interrupted(between)(openWrite(request));

  const challenged = async (more: Parameters<typeof opening>[1] = {}) => {
    const ref = newRef();
    await alone.open(opening(ref, more));
    return ref;
  };
  const attemptsOf = async (ref: ReturnType<typeof newRef>) => (await alone.read(ref))?.challenge.attempts;

  const others = [
    ["by itself", () => alone],
    ["in a group", () => grouped],
  ] as const;
  describe.each(others)("another replica writes %s between write and read", (_, other) => {
    test("a wrong code is wrong, although the right one came after it", async () => {
      const ref = await challenged();
      const outcome = await verifyThen(guessing(ref, "wrong"), async () =>
        expect(await other().verify(guessing(ref, "right"))).toMatchObject({ status: "approved" }),
      );
      expect(outcome).toMatchObject({ status: "mismatch" });
      expect(await attemptsOf(ref)).toBe(2);
    });

    test("a right code is right, although a wrong one came after it", async () => {
      const ref = await challenged();
      const outcome = await verifyThen(guessing(ref, "right"), async () =>
        expect(await other().verify(guessing(ref, "wrong"))).toEqual({ status: "used" }),
      );
      expect(outcome).toMatchObject({ status: "approved" });
      expect(await attemptsOf(ref)).toBe(1);
    });

    test("what came after a right code does not make it look like a retry", async () => {
      const ref = await challenged();
      const outcome = await verifyThen(guessing(ref, "right"), async () => {
        await sleep(5);
        await other().cancel(ref);
        await other().open(opening(another(ref)));
      });
      if (outcome.status !== "approved") throw new Error(outcome.status);
      expect(outcome.view.now).toBe(outcome.view.challenge.verifiedAt);
    });

    test("a retry of a right code is no second accept", async () => {
      const ref = await challenged();
      const request = { id: "request", content: "right" };
      await alone.verify(guessing(ref, "right", { request }));
      await sleep(5);
      const outcome = await verifyThen(guessing(ref, "right", { request }), () => other().cancel(ref));
      if (outcome.status !== "approved") throw new Error(outcome.status);
      expect(outcome.view.now).toBeGreaterThan(Number(outcome.view.challenge.verifiedAt));
      expect(await attemptsOf(ref)).toBe(1);
    });

    test("one request id through two replicas at once is charged once, and answered twice", async () => {
      const ref = await challenged();
      const guess = guessing(ref, "wrong", { request: { id: "request", content: "wrong" } });
      const outcomes: unknown[] = [];
      outcomes.push(await verifyThen(guess, async () => outcomes.push(await other().verify(guess))));
      const answer = { status: "mismatch", attemptsRemaining: 4 };
      expect(outcomes).toMatchObject([answer, answer]);
      expect(await attemptsOf(ref)).toBe(1);
    });

    test("the last guess is compared, and the one after it is not", async () => {
      const ref = await challenged({ limits: limitsWith({ guessesPerChallenge: 1 }) });
      const limits = limitsWith({ guessesPerChallenge: 1 });
      const outcome = await verifyThen(guessing(ref, "wrong", { limits }), async () =>
        expect(await other().verify(guessing(ref, "right", { limits }))).toEqual({ status: "exhausted", scope: "challenge" }),
      );
      expect(outcome).toMatchObject({ status: "mismatch", attemptsRemaining: 0 });
    });

    test("what was refused stays refused, without a charge", async () => {
      const ref = await challenged();
      await alone.cancel(ref);
      const outcome = await verifyThen(guessing(ref, "right"), () => other().open(opening(another(ref))));
      expect(outcome).toEqual({ status: "canceled" });
      expect(await attemptsOf(ref)).toBe(0);
    });

    test("a guess that was refused, and would not be any more, is decided then", async () => {
      const limits = limitsWith({ failuresInRow: 1 });
      const ref = await challenged({ limits });
      await alone.verify(guessing(ref, "wrong", { limits }));
      const outcome = await verifyThen(guessing(ref, "right", { limits }), () => other().forgive(ref.ledger));
      expect(outcome).toMatchObject({ status: "approved" });
      expect(await attemptsOf(ref)).toBe(2);
    });

    test("a request id with other content is charged apart, and never beyond its budget", async () => {
      const limits = limitsWith({ guessesPerChallenge: 2 });
      const ref = await challenged({ limits });
      const guess = (content: string) => guessing(ref, "wrong", { limits, request: { id: "request", content } });
      await alone.verify(guess("first"));
      const outcome = await verifyThen(guess("second"), async () =>
        expect(await other().verify(guess("third"))).toEqual({ status: "request_reused" }),
      );
      expect(outcome.status).toMatch(/^(request_reused|exhausted)$/);
      expect((await alone.read(ref))?.challenge).toMatchObject({ attempts: 1, reuses: 2 });
    });

    test("a message was opened, although another one was after it", async () => {
      const ref = newRef();
      const request = opening(ref);
      const outcome = await openThen(request, async () =>
        expect(await other().open(opening(another(ref)))).toMatchObject({ status: "opened" }),
      );
      expect(outcome).toMatchObject({ status: "opened", view: { challenge: { deliveries: { [request.message.deliveryId]: {} } } } });
    });

    test("a message that was refused is refused with the reason", async () => {
      const ref = newRef();
      const limits = limitsWith({ sendWindows: [{ windowMs: 60_000, max: 1 }] });
      await alone.open(opening(ref, { limits }));
      const outcome = await openThen(opening(another(ref), { limits }), () => other().verify(guessing(ref, "wrong")));
      expect(outcome).toMatchObject({ status: "rate_limited", scope: "recipient" });
    });

    test("one idempotency key through two replicas at once is one message", async () => {
      const ref = newRef();
      const send = () => opening(ref, { message: { idempotency: { key: "key", content: "content" } } });
      const statuses: string[] = [];
      statuses.push((await openThen(send(), async () => statuses.push((await other().open(send())).status))).status);
      expect(statuses).toEqual(["in_progress", "opened"]);
    });
  });

  test("seen to fail without marks: a wrong code would be taken for the right one after it", async () => {
    const ref = await challenged();
    const guess = guessing(ref, "wrong");
    const unmarked: GroupedWrite<VerifyOutcome> = {
      ...verifyWrite(guess),
      pipeline: () => verifyPipeline(guess),
      outcome: (found) => found && verifyOutcome(found, guess),
    };
    const outcome = await interrupted(() => alone.verify(guessing(ref, "right")))(unmarked);
    expect(outcome).toMatchObject({ status: "approved" });
  });

  test("a ledger of another application is not found, and stays as it is", async () => {
    const ref = await challenged();
    expect(await verifyThen(guessing({ ...ref, application: "other" }, "right"), async () => undefined)).toEqual({ status: "not_found" });
    expect(await attemptsOf(ref)).toBe(0);
  });

  test("whoever cannot be written meets that by himself", async () => {
    const [taken, ...refs] = await Promise.all(Array.from({ length: 5 }, () => challenged()));
    if (!taken) throw new Error("no challenge");
    const decide = interrupted(async () => undefined);
    const bad = decide(openWrite(opening({ ...taken, application: "other" })));
    const good = refs.map((ref) => decide(verifyWrite(guessing(ref, "right"))));
    await expect(bad).rejects.toThrow(/duplicate key/);
    expect(await Promise.all(good)).toMatchObject(refs.map(() => ({ status: "approved" })));
  });

  const endless: Record<string, Expression> = {};
  endless.self = endless;
  const unwritable: Record<string, () => Pipeline> = {
    sent: () => [{ $set: endless }],
    "put into words": () => [{ $set: { [fieldName("a.b")]: 1 } }],
  };
  test.each(Object.entries(unwritable))("what cannot even be %s holds up nobody else", async (_, pipeline) => {
    const ref = await challenged();
    const decide = interrupted(async () => undefined);
    const unspeakable: GroupedWrite<never> = {
      ...verifyWrite(guessing(newRef(), "right")),
      pipeline,
      outcome: () => undefined,
      alone: () => Promise.reject(new TypeError("unspeakable")),
    };
    const [bad, good] = await Promise.allSettled([decide(unspeakable), decide(verifyWrite(guessing(ref, "right")))]);
    expect(bad).toMatchObject({ status: "rejected", reason: { message: "unspeakable" } });
    expect(good).toMatchObject({ status: "fulfilled", value: { status: "approved" } });
    expect(await attemptsOf(ref)).toBe(1);
  });

  test("an outage is told to everyone in the group, who may have been written", async () => {
    const refs = await Promise.all(Array.from({ length: 3 }, () => challenged()));
    const decide = interrupted(() => Promise.reject(new StoreUnavailable(new Error("gone"))));
    const outcomes = await Promise.allSettled(refs.map((ref) => decide(verifyWrite(guessing(ref, "right")))));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(await Promise.all(refs.map(attemptsOf))).toEqual([1, 1, 1]);
  });
});

describe("the order of groups", () => {
  type Asked = { readonly run: MongoConnection["run"]; readonly sizes: number[]; finish(): void };
  /** Groups that are answered when the test says so. */
  function asked(): Asked {
    const ends: (() => void)[] = [];
    const sizes: number[] = [];
    const ledgers = {
      bulkWrite: (writes: readonly unknown[]) => new Promise<void>((resolve) => ends.push(resolve) && sizes.push(writes.length)),
      find: () => ({ toArray: async () => [] }),
    } as unknown as Ledgers;
    return { run: (operation) => operation(ledgers), sizes, finish: () => ends.splice(0).forEach((end) => void end()) };
  }
  const write = (alone = async () => "alone"): GroupedWrite<string> => ({
    ledger: newRef().ledger,
    application: "shop",
    upsert: false,
    pipeline: () => [],
    fields: [],
    outcome: () => "together",
    alone,
  });
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

  test("one that comes alone is decided alone; those that come at once, together", async () => {
    const { run, sizes, finish } = asked();
    const decide = createGroups({ run }, { maxWaitMs: 1_000 });
    expect(await decide(write())).toBe("alone");
    const several = Promise.all([decide(write()), decide(write())]);
    await turn();
    finish();
    expect(await several).toEqual(["together", "together"]);
    expect(sizes).toEqual([2]);
  });

  test("a few groups are under way, of bounded size, and the rest waits its turn", async () => {
    const { run, sizes, finish } = asked();
    const decide = createGroups({ run }, { maxWaitMs: 60_000 });
    const all = Promise.all(Array.from({ length: 112 }, () => decide(write())));
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(sizes).toEqual([32, 32]);
    finish();
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(sizes).toEqual([32, 32, 32, 16]);
    finish();
    expect(await all).toHaveLength(112);
  });

  test("whoever waited too long is told so, and is not written", async () => {
    const { run, sizes, finish } = asked();
    const decide = createGroups({ run }, { maxWaitMs: 20 });
    const first = Promise.allSettled(Array.from({ length: 64 }, () => decide(write())));
    for (let turns = 0; turns < 10; turns++) await turn();
    const late = Promise.allSettled([decide(write()), decide(write())]);
    await sleep(30);
    finish();
    expect((await first).every(({ status }) => status === "fulfilled")).toBe(true);
    const reasons = (await late).map((each) => each.status === "rejected" && each.reason);
    expect(reasons).toEqual([expect.any(StoreUnavailable), expect.any(StoreUnavailable)]);
    expect(sizes).toEqual([32, 32]);
  });

  test("what a majority may not have counts for nobody, also where somebody could not be written at all", async () => {
    const notDurable = { getWriteConcernError: () => ({ code: 64, errmsg: "waiting for replication timed out" }) };
    const duplicate = { message: "duplicate key", code: 11_000, writeErrors: [{ index: 0, code: 11_000 }] };
    const error = new MongoBulkWriteError(duplicate as never, notDurable as never);
    const ledgers = { bulkWrite: () => Promise.reject(error), find: () => expect.unreachable() } as unknown as Ledgers;
    const run: MongoConnection["run"] = (operation) => operation(ledgers).catch((cause) => Promise.reject(storeFailure(cause)));
    const decide = createGroups({ run }, { maxWaitMs: 1_000 });
    const outcomes = await Promise.allSettled([decide(write()), decide(write())]);
    const reasons = outcomes.map((each) => each.status === "rejected" && each.reason);
    expect(reasons).toEqual([expect.any(StoreUnavailable), expect.any(StoreUnavailable)]);
  });

  test("no more than so many wait", async () => {
    const { run, finish } = asked();
    const decide = createGroups({ run }, { maxWaitMs: 60_000 });
    const calls = Array.from({ length: 2_049 }, () => decide(write()));
    await expect(calls.at(-1)).rejects.toBeInstanceOf(StoreUnavailable);
    const others = Promise.all(calls.slice(0, -1));
    let isDone = false;
    void others.then(() => {
      isDone = true;
    });
    while (!isDone) {
      await turn();
      finish();
    }
  });
});
