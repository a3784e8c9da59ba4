import { spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { type CommandIo, exitCodes, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";

const group = "Measure";

export const simulate = defineCommand({
  name: "simulate",
  group,
  summary: "Set fraud on the default settings, and see what comes through.",
  details:
    "Honest people and attackers against the rules, the guard and the store of the service, on a clock that is turned forward: first refusing (enforce), then watching only (shadow). Prints who got how many messages. Sends nothing.",
  options: {
    people: { value: "N", range: [1, 1_000_000], fallback: "5000", about: "Honest people." },
    days: { value: "N", range: [1, 365], fallback: "2", about: "Simulated days." },
    seed: { value: "N", range: [0, 999_999_999], fallback: "1", about: "Of the random numbers: the same seed, the same people." },
    plot: { value: "FILE", file: true, about: "Draw it there, as SVG." },
    json: jsonOption,
  },
  json: "A list of `{mode, outcome}`, for `enforce` and `shadow`.",
  fails: "The simulation could not be run.",
  examples: ["simulate --people 1000 --days 1", "simulate --plot fraud.svg"],
  run: ({ options }, io) => runProgram("simulate", argumentsOf(options), io),
});

export const bench = defineCommand({
  name: "bench",
  group,
  summary: "Measure how fast the service is on this machine.",
  details:
    "Starts it in development mode in a process of its own, beside bare handlers to compare with, on a store of its own that is removed afterwards. Takes a minute or two; measure on a machine that does nothing else.",
  options: {
    seconds: { value: "SECONDS", fallback: "0.7", about: "How long each scenario is measured in each round." },
    rounds: { value: "N", range: [1, 1000], fallback: "7", about: "Rounds, in each of which everything takes its turn." },
    parallel: { value: "N", range: [1, 1000], fallback: "16", about: "Calls in flight." },
    only: { value: "WORDS", about: 'One store or one wire or both, such as "mongodb grpc"; of sqlite, mongodb, grpc, json.' },
    "without-proofs": { about: "VerifyCode answers without a signed proof." },
    profile: { value: "DIR", file: true, about: "Leave CPU profiles of the service there." },
    json: jsonOption,
  },
  json: "`{machine, run, rows}`, one of `rows` for each scenario.",
  fails: "Something could not be measured.",
  environment: { COUNTERSIGN_TEST_MONGODB_URL: "A MongoDB to measure on; without it, only SQLite is." },
  interrupts: "Stopped by a Ctrl-C, and cleaned up.",
  examples: ["bench", 'bench --only "sqlite grpc" --rounds 3'],
  run: ({ options }, io) => runProgram("bench", argumentsOf(options), io),
});

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

const argumentsOf = (values: Values): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    if (typeof value === "string") return [`--${name}=${value}`];
    return value === true ? [`--${name}`] : [];
  });

/** In a process of its own, because it measures that one; a Ctrl-C reaches it by itself, and it ends in order. */
async function runProgram(name: string, args: readonly string[], { env }: CommandIo): Promise<number> {
  // Compiled, in the package, or as it is, in the repository.
  const file = fileURLToPath(new URL(`../../${name}/main${extname(import.meta.url)}`, import.meta.url));
  const wait = (): void => undefined;
  process.on("SIGINT", wait);
  try {
    const [code, signal] = await once(spawn(process.execPath, [file, ...args], { env: { ...env }, stdio: "inherit" }), "exit");
    return typeof code === "number" ? code : signal === "SIGINT" ? exitCodes.interrupted : exitCodes.failed;
  } finally {
    process.off("SIGINT", wait);
  }
}
