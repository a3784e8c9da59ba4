/** Callers who send and verify until they are told to stop, and remember every answer they got. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeCall, challengeIdOf, newPhone, outcome, parallel, sendTo, tally, verify, wrong } from "./calls.ts";

/** What callers were told of one challenge; `unanswered` calls may have taken effect or not. */
export type Acknowledged = {
  readonly challengeId: string;
  readonly code: string;
  mismatches: number;
  accepted: number;
  unanswered: { right: number; wrong: number };
};

export type Load = { readonly acknowledged: readonly Acknowledged[]; stop(): Promise<void> };

type Options = { readonly wires: readonly WireClient[]; readonly codeSentTo: (to: string) => string; readonly callers?: number };

export function startLoad({ wires, codeSentTo, callers = 12 }: Options): Load {
  const acknowledged: Acknowledged[] = [];
  let running = true;
  const caller = async (index: number): Promise<void> => {
    const wire = wires[index % wires.length] as WireClient;
    for (let turn = index; running; turn++) {
      const to = newPhone();
      const sent = await wire.send(sendTo(to)).catch(() => undefined);
      if (!sent?.response) {
        // Without a wait, callers who are refused at once would leave the test no time to do anything else.
        await sleep(20);
        continue;
      }
      const known: Acknowledged = {
        challengeId: challengeIdOf(sent.response),
        code: codeSentTo(to),
        mismatches: 0,
        accepted: 0,
        unanswered: { right: 0, wrong: 0 },
      };
      acknowledged.push(known);
      for (let guess = 0; guess < turn % 4; guess++) await guessWrong(wire, known);
      if (turn % 3 > 0) await guessRight(wire, known);
    }
  };
  const done = Promise.all(Array.from({ length: callers }, (_, index) => caller(index)));
  return {
    acknowledged,
    async stop() {
      running = false;
      await done;
    },
  };
}

/** Holds the service to every answer that was given before it, or its store, was killed. */
export async function expectKept(acknowledged: readonly Acknowledged[], wires: readonly WireClient[]): Promise<void> {
  for (let at = 0; at < acknowledged.length; at += 50) {
    const some = acknowledged.slice(at, at + 50);
    await Promise.all(
      some.map((known, index) => expectOneKept(known, [wires[index % wires.length], wires[(index + 1) % wires.length]] as WireClient[])),
    );
  }
}

async function expectOneKept(
  { challengeId, code, mismatches, accepted, unanswered }: Acknowledged,
  wires: readonly WireClient[],
): Promise<void> {
  const told = JSON.stringify({ challengeId, mismatches, accepted, unanswered });
  let seen = await (wires[0] as WireClient).send(challengeCall("GetChallenge", challengeId));
  // What has just come back may be slow at first; what it kept is the question.
  for (let attempt = 0; seen.code === "UNAVAILABLE" && attempt < 40; attempt++) {
    await sleep(250);
    seen = await (wires[0] as WireClient).send(challengeCall("GetChallenge", challengeId));
  }
  expect(seen.code, told).toBe("OK");
  const { attemptsRemaining = 0 } = (seen.response as { challenge: { attemptsRemaining?: number } }).challenge;
  const spent = 5 - attemptsRemaining - (seenVerified(seen.response) ? 1 : 0);
  expect(spent, told).toBeGreaterThanOrEqual(accepted === 0 || seenVerified(seen.response) ? mismatches : 5);
  expect(spent, told).toBeLessThanOrEqual(mismatches + unanswered.wrong);
  const again = tally(await parallel(4, wires, () => verify(challengeId, code)));
  // Accepted once and never again; and whoever was sent a code and has not used it still can.
  const used = { CODE_ALREADY_USED: 4 };
  const fresh = { OK: 1, CODE_ALREADY_USED: 3 };
  if (accepted > 0) expect(again, told).toEqual(used);
  else if (unanswered.right > 0) expect([used, fresh], told).toContainEqual(again);
  else expect(again, told).toEqual(fresh);
}

const seenVerified = (response: unknown): boolean => JSON.stringify(response).includes("CHALLENGE_STATE_VERIFIED");

async function guessWrong(wire: WireClient, known: Acknowledged): Promise<void> {
  const answer = await answerOf(wire, known.challengeId, wrong(known.code));
  if (answer === "CODE_MISMATCH") known.mismatches += 1;
  else known.unanswered.wrong += 1;
}

async function guessRight(wire: WireClient, known: Acknowledged): Promise<void> {
  const answer = await answerOf(wire, known.challengeId, known.code);
  if (answer === "OK") known.accepted += 1;
  else known.unanswered.right += 1;
}

const answerOf = (wire: WireClient, challengeId: string, code: string): Promise<string> =>
  wire.send(verify(challengeId, code)).then(outcome, () => "no answer");
