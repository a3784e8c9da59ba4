import { parseArgs } from "node:util";

export type Options = {
  /** How long each scenario is measured in each round. */
  readonly seconds: number;
  readonly rounds: number;
  /** Calls in flight at any moment. */
  readonly parallel: number;
  /** Of `sqlite`, `mongodb`, `grpc` and `json`: measure only what is all of these. */
  readonly only: readonly string[];
  /** Leave out the signature that VerifyCode answers with. */
  readonly withoutProofs: boolean;
  readonly json: boolean;
  /** Where the service leaves a CPU profile of each of its threads when it ends. */
  readonly profile: string | undefined;
  /** Without it, MongoDB is left out. */
  readonly mongoUrl: string | undefined;
};

export const usage = `npm run bench -- [options]

  --seconds N      measure each scenario so long in each round (0.7)
  --rounds N       rounds, in each of which everything takes its turn (7)
  --parallel N     calls in flight (16)
  --only WORDS     one store or one wire or both, such as "mongodb grpc"; of sqlite, mongodb, grpc, json
  --without-proofs VerifyCode answers without a signed proof
  --json           the results as JSON
  --profile DIR    leave CPU profiles of the service there

npm run bench -- workers [options]   one process against two, on calls that the store does not limit

  --workers N      how many instead of two (2)
  --seconds N      measure each so long in each round (3)
  --rounds N       rounds, in each of which both take their turn (7)
  --share N        give each process this part of a core, 0.1 to 1 (1): a machine has more of such cores. Linux, as root
  --json           the results as JSON

COUNTERSIGN_TEST_MONGODB_URL names a MongoDB to measure on; without it, only SQLite is measured.
`;

/** Throws with what to write instead. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "0.7" },
      rounds: { type: "string", default: "7" },
      parallel: { type: "string", default: "16" },
      only: { type: "string", default: "" },
      "without-proofs": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      profile: { type: "string" },
    },
  });
  return {
    seconds: positive("--seconds", values.seconds),
    rounds: Math.ceil(positive("--rounds", values.rounds)),
    parallel: Math.ceil(positive("--parallel", values.parallel)),
    only: words(values.only),
    withoutProofs: values["without-proofs"],
    json: values.json,
    profile: values.profile,
    mongoUrl: env.COUNTERSIGN_TEST_MONGODB_URL || undefined,
  };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0 && number <= 1000)) throw new Error(`${name}: write a number above 0 and up to 1000, not ${JSON.stringify(text)}`);
  return number;
}

function words(text: string): readonly string[] {
  const known = ["sqlite", "mongodb", "grpc", "json"];
  const given = text.split(/\s+/).filter(Boolean);
  const unknown = given.find((word) => !known.includes(word));
  if (unknown) throw new Error(`--only: write words of ${known.join(", ")}, not ${JSON.stringify(unknown)}`);
  return given;
}
