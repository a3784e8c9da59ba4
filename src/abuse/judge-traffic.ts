import type { BlockCause, Traffic, TrafficKind } from "../otp/traffic.ts";

/** When traffic looks like pumping. Counts are of an hour's half-life. */
export type Thresholds = {
  /** Messages to a prefix before its conversion says anything, and the share of verified ones below which it is blocked. */
  readonly prefix: Conversion & {
    /** Different numbers, so that whoever bombs one cannot shut out its neighbours. */ readonly minNumbers: number;
  };
  readonly network: Conversion;
  readonly dialCode: Conversion;
  /** Numbers one after the other: how many in a run, with at most so much between two of them. */
  readonly sequence: { readonly numbers: number; readonly maxGap: number };
  /** The share of a country's messages that one prefix gets while few of them are verified. */
  readonly concentration: { readonly share: number; readonly maxConversion: number };
  /** Messages to a country where nobody has verified a code for so long. */
  readonly unproven: { readonly minSample: number; readonly withinMs: number };
};
type Conversion = { readonly minSample: number; readonly maxConversion: number };

export type PumpingSettings = {
  /** `shadow` counts and says what it would refuse, and refuses nothing. */
  readonly mode: "off" | "shadow" | "enforce";
  readonly thresholds: Thresholds;
  readonly blockLengthsMs: readonly number[];
};

const dayMs = 86_400_000;

/**
 * Of honest messages 70 to 90 % are verified, mostly within a minute or two; of pumped ones hardly any. A prefix is ten thousand
 * numbers, of which honest people ask for few at once, so a small sample is enough there; a whole country, and a network behind
 * which a city may be, take more.
 */
export const defaultThresholds: Thresholds = {
  prefix: { minSample: 8, maxConversion: 0.15, minNumbers: 4 },
  network: { minSample: 20, maxConversion: 0.1 },
  dialCode: { minSample: 200, maxConversion: 0.1 },
  sequence: { numbers: 6, maxGap: 3 },
  concentration: { share: 0.5, maxConversion: 0.3 },
  unproven: { minSample: 20, withinMs: 7 * dayMs },
};

/** What one message belongs to: its prefix and its country, and the network it was asked from. */
export type Observed = Readonly<Partial<Record<TrafficKind, Traffic>>>;

/** The places that should be blocked, and why. */
export function judgeTraffic({ prefix, dial_code, network }: Observed, thresholds: Thresholds): Partial<Record<TrafficKind, BlockCause>> {
  const ofPrefix = prefix && judgePrefix(prefix, dial_code, thresholds);
  const ofCountry = dial_code && judgeCountry(dial_code, thresholds);
  const ofNetwork = network && isBarren(network, thresholds.network) ? "low_conversion" : undefined;
  return {
    ...(ofPrefix && { prefix: ofPrefix }),
    ...(ofCountry && { dial_code: ofCountry }),
    ...(ofNetwork && { network: ofNetwork }),
  };
}

function judgePrefix(prefix: Traffic, country: Traffic | undefined, thresholds: Thresholds): BlockCause | undefined {
  const { sequence, concentration } = thresholds;
  if (new Set(prefix.lines).size < thresholds.prefix.minNumbers) return undefined;
  if (isBarren(prefix, thresholds.prefix)) return "low_conversion";
  const converted = conversionOf(prefix);
  if (converted >= concentration.maxConversion) return undefined;
  if (longestRun(prefix.lines, sequence.maxGap) >= sequence.numbers) return "sequential_numbers";
  const isMost = country !== undefined && prefix.sent >= thresholds.prefix.minSample && prefix.sent > concentration.share * country.sent;
  return isMost && country.sent >= 2 * thresholds.prefix.minSample ? "concentration" : undefined;
}

function judgeCountry(country: Traffic, { dialCode, unproven }: Thresholds): BlockCause | undefined {
  const isProven = country.verifiedAt !== undefined && country.at - country.verifiedAt <= unproven.withinMs;
  if (!isProven && country.sent >= unproven.minSample) return "unproven_country";
  return isBarren(country, dialCode) ? "low_conversion" : undefined;
}

const isBarren = (traffic: Traffic, { minSample, maxConversion }: Conversion): boolean =>
  traffic.sent >= minSample && conversionOf(traffic) < maxConversion;

const conversionOf = ({ sent, verified }: Traffic): number => (sent > 0 ? verified / sent : 1);

/** How many different numbers follow one another without a gap wider than `maxGap`. */
function longestRun(lines: readonly number[], maxGap: number): number {
  const sorted = [...new Set(lines)].sort((a, b) => a - b);
  let longest = 0;
  let run = 0;
  for (const [index, line] of sorted.entries()) {
    run = index > 0 && line - (sorted[index - 1] ?? line) <= maxGap ? run + 1 : 1;
    longest = Math.max(longest, run);
  }
  return longest;
}
