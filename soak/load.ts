/** A closed loop: so many callers, each of which plays one part after the other, all together no faster than the rate. */

import { createDice } from "../simulate/random.ts";
import { authenticatorActs } from "./acts-authenticators.ts";
import { codeActs } from "./acts-codes.ts";
import { createOddActs } from "./acts-odd.ts";
import { createWatchingActs } from "./acts-watching.ts";
import { createPlay } from "./create-play.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Act, Caller, Play } from "./play.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { createGrpcWire, createJsonWire } from "./wires.ts";

export type Load = {
  readonly recorder: Recorder;
  /** Plays until the signal says so, and until the last part has been played to its end. */
  run(signal: AbortSignal): Promise<void>;
  close(): void;
};

type Terms = {
  readonly addresses: Play["addresses"];
  readonly keys: Readonly<Record<Caller, string>>;
  readonly mailbox: Mailbox;
  readonly rate: number;
  readonly parallel: number;
};

export function createLoad({ addresses, keys, mailbox, rate, parallel }: Terms): Load {
  const dice = createDice(1);
  const grpc = [createGrpcWire(addresses.grpc), createGrpcWire(addresses.grpc)] as const;
  const json = createJsonWire(addresses.http);
  const wires = { any: [...grpc, json], json } as const;
  const acts = [...codeActs, ...authenticatorActs, ...createWatchingActs(grpc[0].client), ...createOddActs(wires.any)];
  const recorder = createRecorder(acts.map(({ name }) => name));
  const { play, takeDue } = createPlay({ addresses, keys, mailbox, rate, dice, wires, recorder });
  const playOne = async (act: Act): Promise<void> => {
    try {
      await act.play(play);
      recorder.act(act.name);
    } catch (error) {
      recorder.unexpected(`${act.name}: ${String(error)}`);
    }
  };
  const caller = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) await playOne(takeDue() ?? pickAct(acts, dice.next));
  };
  return {
    recorder,
    async run(signal) {
      await Promise.all(Array.from({ length: parallel }, () => caller(signal)));
    },
    close: () => wires.any.forEach((wire) => void wire.close()),
  };
}

function pickAct(acts: readonly Act[], next: () => number): Act {
  let left = next() * acts.reduce((sum, { weight }) => sum + weight, 0);
  for (const act of acts) {
    left -= act.weight;
    if (left < 0) return act;
  }
  throw new Error("no act has any weight");
}
