import type { LedgerLimits, Window } from "../otp/types.ts";

/** An aggregation expression. */
export type Expression = string | number | boolean | null | Date | readonly Expression[] | { readonly [operator: string]: Expression };

/** Text from outside, which must not be read as a field path or a variable; other text is a literal as it stands. */
export const literal = (text: string): Expression => (text.startsWith("$") ? { $literal: text } : text);

/** `$$NOW` is the database's own clock, and one moment throughout an operation. */
export const now = "$$NOW";
export const fromNow = (ms: number): Expression => ({ $add: [now, ms] });
const ago = (ms: number): Expression => ({ $subtract: [now, ms] });

export const isThere = (expression: Expression): Expression => ({ $gt: [expression, null] });
/** What is missing sorts before null. */
export const isMissing = (expression: Expression): Expression => ({ $lte: [expression, null] });
export const not = (expression: Expression): Expression => ({ $not: [expression] });
export const orEmpty = (array: string): Expression => ({ $ifNull: [array, []] });
export const orEmptyObject = (object: string): Expression => ({ $ifNull: [object, {}] });

/** Moments ascend, so a window is full when the one `max` places from the end is inside. What is missing sorts before any date. */
const hasRoom = (moments: string, { windowMs, max }: Window): Expression => ({ $lte: [{ $arrayElemAt: [moments, -max] }, ago(windowMs)] });
export const haveRoom = (moments: string, windows: readonly Window[]): Expression[] => windows.map((window) => hasRoom(moments, window));

/** The recipient has guesses left. */
export const unlocked = (limits: LedgerLimits): Expression[] => [
  { $lt: ["$failuresInRow", limits.failuresInRow] },
  ...haveRoom("$failures", limits.failureWindows),
];

/** What of the moments some window still asks about. */
export const remembered = (moments: Expression, windows: readonly Window[]): Expression => ({
  $filter: { input: moments, cond: { $gt: ["$$this", ago(longest(windows))] } },
});

/**
 * With the present moment behind them; never before the last one: an operation that waited for another holds an earlier `$$NOW`,
 * and so may a new primary, but `hasRoom` counts on the order.
 */
export const withNow = (moments: string, windows: readonly Window[]): Expression => ({
  $concatArrays: [remembered(moments, windows), [{ $max: [now, { $arrayElemAt: [moments, -1] }] }]],
});

export const longest = (windows: readonly Window[]): number => Math.max(0, ...windows.map(({ windowMs }) => windowMs));

/** As `attemptsRemaining` of the rules, of the record as it is at this stage. */
export const attemptsLeft = (challenge: string, limits: LedgerLimits): Expression => ({
  $max: [
    0,
    {
      $min: [
        { $subtract: [limits.guessesPerChallenge, `${challenge}.attempts`] },
        { $subtract: [limits.failuresInRow, "$failuresInRow"] },
        ...limits.failureWindows.map((window) => ({ $subtract: [window.max, { $size: remembered("$failures", [window]) }] })),
      ],
    },
  ],
});

/** Younger than `rememberMs` after its end; false for one that is not there. */
export const endedAfter = (expiresAt: string, ms: number): Expression => ({ $gt: [expiresAt, ago(ms)] });
