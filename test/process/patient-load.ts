import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Received, Sent, WireClient } from "../rpc/wire-clients.ts";
import { challengeIdOf, newPhone, outcome, sendTo, tally, verify } from "./calls.ts";

type Options = {
  readonly wires: readonly WireClient[];
  readonly codeSentTo: (to: string) => string;
  /** Who was killed in the middle of a send leaves it under way until its lease ends: such an answer is tried again too. */
  readonly afterKill?: boolean;
};

const timeout = 60_000;

/** Callers who try again, by another wire, what was answered with UNAVAILABLE or not at all, and nothing else. */
export function startPatient({ wires, codeSentTo, afterKill = false }: Options) {
  const failures: string[] = [];
  let [checked, again] = [0, 0];
  let isRunning = true;
  const send = async (at: number, sent: Sent): Promise<Received> => {
    for (let attempt = 0; ; attempt++) {
      const wire = wires[(at + attempt) % wires.length] as WireClient;
      const answer = await wire.send(sent).catch(() => undefined);
      const comesLater = answer?.code === "UNAVAILABLE" || (afterKill && answer?.code === "ABORTED");
      if (answer && !comesLater) return answer;
      if (attempt === 200) return answer ?? Promise.reject(new Error("no answer"));
      again += 1;
      await sleep(Math.min(50 * attempt, 250));
    }
  };
  const once = async (at: number): Promise<void> => {
    const to = newPhone();
    const sent = await send(at, sendTo(to, { idempotencyKey: to }));
    if (!sent.response) return void failures.push(`SendCode ${outcome(sent)} ${sent.message}`);
    const challengeId = challengeIdOf(sent.response);
    const code = codeSentTo(to);
    // Two with the same code, at once: whatever is in between, one of them is let in.
    const answers = await Promise.all([1, 2].map((other) => send(at + other, verify(challengeId, code, { requestId: `${other}` }))));
    const counts = tally(answers);
    if (counts.OK !== 1 || counts.CODE_ALREADY_USED !== 1) failures.push(`VerifyCode ${JSON.stringify(counts)}`);
    checked += 1;
  };
  const caller = async (index: number): Promise<void> => {
    for (let turn = index; isRunning; turn++) {
      await once(turn);
      await sleep(5);
    }
  };
  const done = Promise.all(
    Array.from({ length: 8 }, (_, index) => caller(index).catch((error: unknown) => failures.push(`no answer: ${String(error)}`))),
  );
  return {
    again: () => again,
    async until(count: number): Promise<void> {
      const goal = checked + count;
      await expect.poll(() => failures.length > 0 || checked >= goal, { timeout }).toBe(true);
      expect(failures).toEqual([]);
    },
    async stop(): Promise<void> {
      isRunning = false;
      await done;
      expect(failures).toEqual([]);
    },
  };
}
