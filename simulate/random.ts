import { parsePhoneNumber } from "libphonenumber-js/max";

/** Numbers that look random and are the same in every run of one seed (mulberry32), so that two runs can be compared. */
export type Dice = {
  /** From 0 to below 1. */
  next(): number;
  whole(below: number): number;
  pick<T>(of: readonly T[]): T;
  digits(count: number): string;
};

export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (below: number): number => Math.floor(next() * below);
  return {
    next,
    whole,
    pick: (of) => of[whole(of.length)] as (typeof of)[number],
    digits: (count) => Array.from({ length: count }, () => whole(10)).join(""),
  };
}

/** Mobile numbers of five countries where honest people of the simulation live. */
const honestCountries: readonly ((dice: Dice) => string)[] = [
  (dice) => `+4915${dice.pick(["11", "12", "14", "15", "17", "20", "25"])}${dice.digits(7)}`,
  (dice) => `+4474${dice.digits(8)}`,
  (dice) => `+336${1 + dice.whole(8)}${dice.digits(7)}`,
  (dice) =>
    `+1${dice.pick(["212", "415", "646", "312", "206"])}${2 + dice.whole(8)}${dice.pick(["23", "34", "56", "78"])}${dice.digits(4)}`,
  (dice) => `+9198${dice.digits(8)}`,
];
/** One that could be somebody's: honest people have no others. */
export function honestNumber(dice: Dice): string {
  for (;;) {
    const number = dice.pick(honestCountries)(dice);
    if (parsePhoneNumber(number).isValid()) return number;
  }
}

export const address = (dice: Dice): string => `${20 + dice.whole(80)}.${dice.whole(256)}.${dice.whole(256)}.${1 + dice.whole(250)}`;
