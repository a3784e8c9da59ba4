import { setTimeout as sleep } from "node:timers/promises";
import type { Act, Caller, Person, Play } from "./play.ts";
import type { Recorder } from "./recorder.ts";
import type { Wire } from "./wires.ts";

type Parts = Pick<Play, "dice" | "mailbox" | "addresses"> & {
  readonly keys: Readonly<Record<Caller, string>>;
  readonly rate: number;
  readonly wires: { readonly any: readonly [Wire, ...Wire[]]; readonly json: Wire };
  readonly recorder: Recorder;
};

/** The same people come again and again: most calls meet a record that is there. */
const people = 4_000;
/** What waits for its time, such as a code for its end; more is not begun. */
const mostLater = 3_000;

/** `takeDue` gives what was put off, and whose time has come. */
export function createPlay({ keys, rate, wires, recorder, ...given }: Parts): { readonly play: Play; takeDue(): Act | undefined } {
  const turn = createTurns(rate);
  const held: { readonly due: number; readonly play: () => Promise<void> }[] = [];
  const keyOf = (caller: Caller): string => keys[caller];
  const play: Play = {
    ...given,
    turn,
    keyOf,
    unexpected: recorder.unexpected,
    withPerson: createPeople(),
    async call(caller, method, request, expected, terms = {}) {
      // Pages call as JSON; everybody else as it comes.
      const wire = terms.on ?? (caller === "page" ? wires.json : given.dice.pick(wires.any));
      await turn();
      const begun = performance.now();
      const answer = await wire.call(method, request, { key: keyOf(caller), ...terms });
      recorder.call(method, answer.outcome, performance.now() - begun);
      if (!expected.includes(answer.outcome)) recorder.unexpected(`${caller} ${method}: ${answer.outcome}, not ${expected.join(" or ")}`);
      return answer;
    },
    later(afterMs, act) {
      if (held.length < mostLater) held.push({ due: performance.now() + afterMs, play: act });
    },
  };
  return {
    play,
    takeDue() {
      const index = held.findIndex(({ due }) => due <= performance.now());
      const [due] = index < 0 ? [] : held.splice(index, 1);
      return due && { name: "what was put off", weight: 0, play: due.play };
    },
  };
}

function createPeople(): Play["withPerson"] {
  const waiting: Person[] = Array.from({ length: people }, (_, index) => newPerson(index));
  return async (act) => {
    const person = waiting.shift();
    if (!person) throw new Error("more callers than people");
    try {
      return await act(person);
    } finally {
      waiting.push(person);
    }
  };
}

/** Each turn is some time after the one before; what was late is not made up for by a storm. */
function createTurns(rate: number): () => Promise<void> {
  const everyMs = 1000 / rate;
  let next = performance.now();
  return async () => {
    const now = performance.now();
    next = Math.max(next + everyMs, now - 50);
    if (next > now) await sleep(next - now);
  };
}

const newPerson = (index: number): Person => ({
  phoneNumber: `+491511${String(1_000_000 + index * 37).padStart(7, "0")}`,
  emailAddress: `soak.${index}@example.com`,
  ipAddress: `198.51.${index % 100}.${index % 250}`,
  deviceId: `device-${index % 1000}`,
});
