import { beforeAll, describe, expect, it } from "vitest";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeCall, codeOf, inbox, newPhone, open, outcome, parallel, sendTo, tally, verify, wrong } from "./calls.ts";
import { stores } from "./databases.ts";
import { type Service, startService } from "./service.ts";

describe.each(stores)("two processes on one database: $name", ({ newUrl }) => {
  const store = newUrl();
  let replicas: readonly [Service, Service];
  /** gRPC and JSON of both, in turns. */
  let wires: readonly WireClient[];

  const connect = (): void => {
    wires = replicas.flatMap((replica) => [replica.gRPC, replica.JSON]);
  };
  beforeAll(async () => {
    replicas = await Promise.all([startService({ store }), startService({ store })]);
    connect();
  });

  it("200 parallel right codes: one is accepted", async () => {
    const challengeId = await open(replicas[0].gRPC, newPhone());
    const code = await codeOf(replicas, challengeId);
    const answers = await parallel(200, wires, () => verify(challengeId, code));
    expect(tally(answers)).toEqual({ OK: 1, CODE_ALREADY_USED: 199 });
  });

  it("200 parallel wrong codes over several challenges of one recipient: its budget is compared", async () => {
    const to = newPhone();
    const challenges = [];
    for (let index = 0; index < 5; index++) challenges.push(await open(wires[index % 4] as WireClient, to));
    const guesses = await Promise.all(
      challenges.map(async (challengeId) => ({ challengeId, code: wrong(await codeOf(replicas, challengeId)) })),
    );
    const answers = await parallel(200, wires, (index) => {
      const { challengeId, code } = guesses[(index >> 2) % 5] as (typeof guesses)[number];
      return verify(challengeId, code);
    });
    expect(tally(answers)).toEqual({ CODE_MISMATCH: 10, TOO_MANY_ATTEMPTS: 190 });
    expect(outcome(await replicas[1].JSON.send(sendTo(to)))).toMatch(/TOO_MANY_ATTEMPTS|RATE_LIMITED/);
  });

  it("60 recipients at once: of each one right code is accepted, whoever else guesses through either process", async () => {
    const sent = await Promise.all(Array.from({ length: 60 }, (_, index) => open(wires[index % 4] as WireClient, newPhone())));
    const codes = new Map(
      (await Promise.all(replicas.map((replica) => inbox(replica)))).flat().map(({ challengeId, code }) => [challengeId, code]),
    );
    const guess = (index: number, isRight: boolean) => {
      const challengeId = sent[index % 60] as string;
      const code = codes.get(challengeId) as string;
      return verify(challengeId, isRight ? code : wrong(code));
    };
    // By rows of all recipients, so that each is guessed at through every wire: wrong, right, wrong, right.
    const answers = await parallel(240, rotated(wires, 60), (index) => guess(index, Math.floor(index / 60) % 2 === 1));
    for (let recipient = 0; recipient < 60; recipient++) {
      const ofRecipient = answers.filter((_, index) => index % 60 === recipient);
      const [rights, wrongs] = [1, 0].map((parity) => tally(ofRecipient.filter((_, row) => row % 2 === parity)));
      expect(rights).toEqual({ OK: 1, CODE_ALREADY_USED: 1 });
      expect((wrongs?.CODE_MISMATCH ?? 0) + (wrongs?.CODE_ALREADY_USED ?? 0)).toBe(2);
    }
  });

  it("one idempotency key 50 times: one message", async () => {
    const to = newPhone();
    const answers = await parallel(50, wires, () => sendTo(to, { idempotencyKey: "once" }));
    const counts = tally(answers);
    expect((counts.OK ?? 0) + (counts.REQUEST_IN_PROGRESS ?? 0)).toBe(50);
    expect(counts.OK).toBeGreaterThan(0);
    const ids = answers.flatMap(({ response }) => (response ? [(response.challenge as { challengeId: string }).challengeId] : []));
    expect(new Set(ids).size).toBe(1);
    expect((await Promise.all(replicas.map((replica) => inbox(replica, to)))).flat()).toHaveLength(1);
    const later = await parallel(4, wires, () => sendTo(to, { idempotencyKey: "once" }));
    expect(tally(later)).toEqual({ OK: 4 });
    expect((await Promise.all(replicas.map((replica) => inbox(replica, to)))).flat()).toHaveLength(1);
  });

  it("60 parallel sends: the recipient's limit", async () => {
    const to = newPhone();
    const answers = await parallel(60, wires, () => sendTo(to));
    expect(tally(answers)).toEqual({ OK: 5, RATE_LIMITED: 55 });
    expect((await Promise.all(replicas.map((replica) => inbox(replica, to)))).flat()).toHaveLength(5);
  });

  it("verify against cancel: one of them wins", async () => {
    for (let round = 0; round < 20; round++) {
      const challengeId = await open(wires[round % 4] as WireClient, newPhone());
      const code = await codeOf(replicas, challengeId);
      const answers = await parallel(8, [...wires.slice(round % 4), ...wires.slice(0, round % 4)], (index) =>
        (index + round) % 2 === 0 ? verify(challengeId, code) : challengeCall("CancelChallenge", challengeId),
      );
      const verified = answers.filter(({ response }) => response && "verifyTime" in response).length;
      expect(verified).toBeLessThanOrEqual(1);
      expect(tally(answers)).toEqual(verified === 1 ? { OK: 1, CODE_ALREADY_USED: 7 } : { OK: 4, CHALLENGE_CANCELED: 4 });
    }
  });

  it("what was spent stays spent when a process is killed and started anew", async () => {
    const to = newPhone();
    const challengeId = await open(replicas[0].gRPC, to);
    const code = await codeOf(replicas, challengeId);
    expect(tally(await parallel(4, wires, () => verify(challengeId, wrong(code))))).toEqual({ CODE_MISMATCH: 4 });
    await replicas[0].stop("SIGKILL");
    replicas = [await startService({ store }), replicas[1]];
    connect();
    expect(await replicas[0].JSON.send(verify(challengeId, wrong(code)))).toMatchObject({
      reason: "CODE_MISMATCH",
      metadata: { attempts_remaining: "0" },
    });
    expect(tally(await parallel(8, wires, () => verify(challengeId, code)))).toEqual({ TOO_MANY_ATTEMPTS: 8 });
    const [second, third] = [await open(replicas[0].gRPC, to), await open(replicas[1].gRPC, to)];
    const codes = await Promise.all([second, third].map((id) => codeOf(replicas, id)));
    const more = await parallel(16, wires, (index) => verify(index % 2 ? second : third, wrong(codes[index % 2 ? 0 : 1] ?? "")));
    expect(tally(more)).toEqual({ CODE_MISMATCH: 5, TOO_MANY_ATTEMPTS: 11 });
  });
});

/** So that every row of `length` calls begins with the next wire. */
const rotated = (wires: readonly WireClient[], length: number): readonly WireClient[] =>
  wires.flatMap((_, row) => Array.from({ length }, (_, index) => wires[(index + row) % wires.length] as WireClient));
