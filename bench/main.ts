/**
 * Load over real sockets, from this process, on the service and on bare handlers, each in a process of its own. All take turns in
 * every round, and what is compared is compared within a round.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { mongoUrlVariable } from "./bare.ts";
import { createBareLane } from "./bare-lane.ts";
import type { Lane } from "./lane.ts";
import { describeMachine } from "./machine.ts";
import type { Sample } from "./measure.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { type Measured, startProgram } from "./processes.ts";
import { formatTable, summarize } from "./report.ts";
import { createServiceLane } from "./service-lane.ts";
import { compareWorkers } from "./workers.ts";

/** Played before the first that counts: only code that has run some thousand times runs as it always will. */
const warmUpRounds = 2;

async function main(options: Options): Promise<void> {
  // A Ctrl-C reaches the programs too: the calls then fail, and that ends the run with everything cleaned up.
  process.once("SIGINT", () => undefined);
  await using cleanUp = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  const machine = describeMachine(folder);
  if (!options.json) say(`${machine}\n${describeRun(options)}\n`);
  if (!options.mongoUrl && !options.only.includes("sqlite"))
    process.stderr.write("MongoDB is not measured: COUNTERSIGN_TEST_MONGODB_URL names none\n");
  const mongoUrl = options.mongoUrl && ownDatabase(options.mongoUrl, cleanUp);
  const lanes = await startLanes({ ...options, mongoUrl }, folder, cleanUp);
  const rounds: ReadonlyMap<string, Sample>[] = [];
  while (rounds.length < warmUpRounds + options.rounds) rounds.push(await playRound(lanes, options.seconds));
  const rows = summarize(rounds.slice(warmUpRounds));
  say(options.json ? JSON.stringify({ machine, run: describeRun(options), rows }, undefined, 2) : formatTable(rows));
}

const describeRun = ({ parallel, rounds, seconds, withoutProofs }: Options): string =>
  `${parallel} calls in flight, ${rounds} rounds of ${seconds} s per scenario, ${withoutProofs ? "without" : "with"} signed proofs`;

async function playRound(lanes: readonly Lane[], seconds: number): Promise<Map<string, Sample>> {
  const round = new Map<string, Sample>();
  for (const lane of lanes) for (const [scenario, sample] of await lane.round(seconds)) round.set(scenario, sample);
  return round;
}

async function startLanes(options: Options, folder: string, cleanUp: AsyncDisposableStack): Promise<readonly Lane[]> {
  const { parallel, mongoUrl, only, profile, withoutProofs } = options;
  const keep = <T extends Lane>(lane: T): T => {
    cleanUp.defer(() => lane.close());
    return lane;
  };
  const start = async (file: string, name: string, env: Record<string, string>, nodeOptions: readonly string[] = []): Promise<Measured> => {
    const program = await startProgram({ file, name, env, folder, nodeOptions });
    cleanUp.defer(() => program.stop());
    return program;
  };
  const bare = await start("./bare-server.ts", "bare", { ...(mongoUrl && { [mongoUrlVariable]: mongoUrl }) });
  const lanes = [keep(await createBareLane({ measured: bare, parallel, mongoUrl }))];
  const newNumber = createNumbers();
  const stores = { mongodb: mongoUrl, sqlite: `sqlite:${join(folder, "bench.db")}` };
  for (const [store, url] of Object.entries(stores)) {
    const wires = (["grpc", "json"] as const).filter((wire) => only.every((word) => `${store} ${wire}`.includes(word)));
    if (!url || wires.length === 0) continue;
    const env = { COUNTERSIGN_GRPC_ADDR: "127.0.0.1:0", COUNTERSIGN_HTTP_ADDR: "127.0.0.1:0", COUNTERSIGN_STORE_URL: url };
    const service = await start(
      withoutProofs ? "./service-without-proofs.ts" : "../src/main.ts",
      store,
      env,
      profile ? ["--cpu-prof", `--cpu-prof-dir=${profile}`] : [],
    );
    for (const wire of wires)
      lanes.push(keep(createServiceLane({ name: `${store} ${wire}`, measured: service, wire, parallel, newNumber })));
  }
  return lanes;
}

/** Mobile numbers of Germany that exist, each one once. */
function createNumbers(): () => string {
  let next = 10_000_000;
  return () => `+49151${next++}`;
}

/** A database of our own on the same server, dropped in the end. */
function ownDatabase(server: string, cleanUp: AsyncDisposableStack): string {
  const [, hosts, settings = ""] = /^([^/]+\/\/[^/?]+)[^?]*(\?.*)?$/.exec(server) ?? [];
  if (!hosts) throw new Error("COUNTERSIGN_TEST_MONGODB_URL: write mongodb://HOST:PORT/?OPTIONS");
  const url = `${hosts}/countersign_bench_${randomBytes(6).toString("hex")}${settings}`;
  cleanUp.defer(async () => {
    await using client = new MongoClient(url);
    await client.db().dropDatabase();
  });
  return url;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (process.argv.includes("--help")) say(usage);
else {
  try {
    const [first, ...rest] = process.argv.slice(2);
    if (first === "workers") await compareWorkers(rest);
    else await main(parseOptions(process.argv.slice(2), process.env));
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
