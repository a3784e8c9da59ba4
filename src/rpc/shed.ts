import { type Refusal, type Result, refused } from "../otp/refusal.ts";

/** What is said to whoever comes while as many calls are worked on as may be. */
export const overloaded: Refusal = {
  reason: "OVERLOADED",
  message: "this replica has as much to do as it can; nothing was done, try again",
  retryAfterMs: 1_000,
};

type Work = (...args: never[]) => Promise<Result<unknown>>;

export type Shed = {
  /** Asked before a request is read. */
  isFull(): boolean;
  /**
   * The same functions, refusing when there is no place. Only what a known caller asked for takes one, and for as long as it is worked
   * on: whoever merely begins requests keeps nobody out.
   */
  guard<Verbs extends Readonly<Record<string, Work>>>(verbs: Verbs): Verbs;
};

export function createShed(maxInFlight: number): Shed {
  let inFlight = 0;
  const isFull = (): boolean => inFlight >= maxInFlight;
  const inPlace = async (work: () => Promise<Result<unknown>>): Promise<Result<unknown>> => {
    if (isFull()) return refused(overloaded.reason, overloaded.message, overloaded);
    inFlight += 1;
    try {
      return await work();
    } finally {
      inFlight -= 1;
    }
  };
  return {
    isFull,
    guard: <Verbs extends Readonly<Record<string, Work>>>(verbs: Verbs) =>
      Object.fromEntries(Object.entries(verbs).map(([name, work]) => [name, (...args: never[]) => inPlace(() => work(...args))])) as Verbs,
  };
}
