import { address, createDice, type Dice, honestNumber } from "./random.ts";
import type { Simulated } from "./service.ts";

/** What one actor's acts came to. */
export type Tally = {
  readonly name: string;
  asked: number;
  sent: number;
  refused: number;
  /** Messages by the number without its last four digits. */
  readonly byPrefix: Map<string, number>;
  /** Moments of its messages, in minutes from the beginning. */
  readonly sentAt: number[];
  compared: number;
  guessed: number;
};

/** Something that happens at a moment, in milliseconds from the beginning, and may lead to more. */
export type Act = { readonly at: number; run(world: World): Promise<readonly Act[]> };
export type World = { readonly service: Simulated; readonly dice: Dice; readonly startedAt: number };
export type Actor = {
  readonly tally: Tally;
  readonly acts: readonly Act[] /** Its messages cost money for nobody's good. */;
  readonly isPumping: boolean;
};

const minute = 60_000;
const hour = 60 * minute;
const newTally = (name: string): Tally => ({
  name,
  asked: 0,
  sent: 0,
  refused: 0,
  byPrefix: new Map(),
  sentAt: [],
  compared: 0,
  guessed: 0,
});

async function ask(tally: Tally, { service, startedAt }: World, number: string, ipAddress: string) {
  tally.asked += 1;
  const answer = await service.send(number, ipAddress);
  if (answer.reason === "OK") {
    tally.sent += 1;
    const prefix = number.slice(0, -4);
    tally.byPrefix.set(prefix, (tally.byPrefix.get(prefix) ?? 0) + 1);
    tally.sentAt.push((service.clock.now() - startedAt) / minute);
  } else tally.refused += 1;
  return answer;
}

/** People: most type their code within two minutes, some mistype it first, a few never do. One in ten sits behind an office's address. */
export function honestPeople(count: number, days: number, seed: number): Actor {
  const tally = newTally("honest people");
  const dice = createDice(seed);
  const offices = Array.from({ length: 20 }, () => address(dice));
  const acts = Array.from({ length: count }, (): Act => {
    const [number, habit] = [honestNumber(dice), dice.next()];
    const from = dice.next() < 0.1 ? dice.pick(offices) : address(dice);
    return {
      at: dice.next() * days * 24 * hour,
      async run(world) {
        const { challengeId, code, reason } = await ask(tally, world, number, from);
        if (reason !== "OK" || habit < 0.06) return [];
        const typedAt = world.service.clock.now() - world.startedAt + (20 + world.dice.whole(100)) * 1000;
        const type =
          (typed: string): Act["run"] =>
          async ({ service }) => {
            await service.verify(challengeId, typed);
            return [];
          };
        const right: Act = { at: typedAt + 8_000, run: type(code) };
        return habit < 0.14 ? [{ at: typedAt, run: type(code === "000000" ? "111111" : "000000") }, right] : [right];
      },
    };
  });
  return { tally, acts, isPumping: false };
}

/** A ring with numbers in forty prefixes of a country that pays it, from a new address for every message. */
export const pumpingRing = (seed: number): Actor =>
  pumping("ring over rotating addresses", 1_800, 2_000, seed, (dice) => `+99455${dice.pick(ringPrefixes)}${dice.digits(4)}`);
const ringPrefixes = Array.from({ length: 40 }, (_, index) => String(200 + index * 7));

/** One number after the other, through the numbers that somebody rented in a row. */
export function sequentialNumbers(seed: number): Actor {
  let next = 0;
  return pumping("sequential numbers", 900, 3_000, seed, () => `+9477${String(1_230_000 + next++)}`);
}

/** The same in a country where honest people live too, slowly, to stay below every threshold. */
export const slowRing = (seed: number): Actor =>
  pumping("slow ring among honest people", 1_000, 40_000, seed, (dice) => `+4474${dice.pick(slowPrefixes)}${dice.digits(4)}`);
const slowPrefixes = Array.from({ length: 12 }, (_, index) => String(3_100 + index * 13));

function pumping(name: string, messages: number, everyMs: number, seed: number, number: (dice: Dice) => string): Actor {
  const tally = newTally(name);
  const dice = createDice(seed);
  const acts = Array.from({ length: messages }, (_, index): Act => {
    const [to, from] = [number(dice), address(dice)];
    return {
      at: 6 * hour + index * everyMs,
      async run(world) {
        await ask(tally, world, to, from);
        return [];
      },
    };
  });
  return { tally, acts, isPumping: true };
}

/** One person's phone made to ring all day, from a new address each time. */
export const bombing = (seed: number): Actor => ({
  ...pumping("bombing of one number", 720, 30_000, seed, () => "+4915112345678"),
  isPumping: false,
});

/** Whoever has a new code sent and guesses at it, from everywhere, for days. */
export function distributedGuessing(days: number, seed: number): Actor {
  const tally = newTally("distributed guessing");
  const dice = createDice(seed);
  const acts = Array.from(
    { length: days * 144 },
    (_, index): Act => ({
      at: index * 10 * minute,
      async run(world) {
        const { challengeId, reason } = await ask(tally, world, "+4915187654321", address(dice));
        if (reason !== "OK") return [];
        for (let guess = 0; guess < 5; guess++) {
          const outcome = await world.service.verify(challengeId, dice.digits(6));
          if (outcome === "OK" || outcome === "CODE_MISMATCH") tally.compared += 1;
          if (outcome === "OK") tally.guessed += 1;
        }
        return [];
      },
    }),
  );
  return { tally, acts, isPumping: false };
}

/** A stranger fails on purpose so that people cannot get in; each of them tries again every ten minutes. `refused` counts the people. */
export function lockout(victims: number, seed: number): Actor {
  const tally = newTally("people a stranger locks out");
  const dice = createDice(seed);
  const acts = Array.from({ length: victims }, (_, index): Act[] => {
    const number = `+336${String(10_000_000 + index * 731_111).slice(0, 8)}`;
    const at = 12 * hour + index * minute;
    const attack: Act = {
      at,
      async run(world) {
        for (let round = 0; round < 3; round++) {
          const { challengeId } = await world.service.send(number, address(dice));
          for (let guess = 0; challengeId !== "" && guess < 5; guess++) await world.service.verify(challengeId, dice.digits(6));
        }
        return [];
      },
    };
    const tries = Array.from(
      { length: 9 },
      (_, attempt): Act => ({
        at: at + (attempt + 1) * 10 * minute,
        async run(world) {
          const { challengeId, code, reason } = await ask(tally, world, number, address(dice));
          if (reason === "OK") await world.service.verify(challengeId, code);
          return [];
        },
      }),
    );
    return [attack, ...tries];
  }).flat();
  return { tally, acts, isPumping: false };
}
