import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../src/config/load.ts";
import type { Block } from "../src/otp/traffic.ts";
import type { Act, Actor, Tally } from "./actors.ts";
import { createDice } from "./random.ts";
import { startSimulated } from "./service.ts";

export type Outcome = { readonly tallies: readonly Tally[]; readonly pumping: readonly Tally[]; readonly blocks: readonly Block[] };

/** Plays all acts in the order of their moments, on the defaults of the service: refusing, or watching only. */
export async function simulate(mode: "enforce" | "shadow", actors: readonly Actor[]): Promise<Outcome> {
  const config = defaultConfig(mode);
  const [application] = config.applications;
  if (!application) throw new Error("no application");
  const service = await startSimulated(config, application);
  const blocks = new Map<string, Block>();
  try {
    const startedAt = service.clock.now();
    const world = { service, dice: createDice(7), startedAt };
    let lookedAt = 0;
    const look = async () => {
      for (const block of await service.blocks()) blocks.set(`${block.kind} ${block.label} ${block.cause}`, block);
    };
    const queue: Act[] = actors.flatMap(({ acts }) => acts).sort((a, b) => b.at - a.at);
    for (let act = queue.pop(); act; act = queue.pop()) {
      service.clock.set(Math.max(service.clock.now(), startedAt + act.at));
      for (const more of await act.run(world)) insert(queue, more);
      if (act.at - lookedAt <= lookEveryMs) continue;
      lookedAt = act.at;
      await look();
    }
    await look();
  } finally {
    await service.close();
  }
  return {
    tallies: actors.map(({ tally }) => tally),
    pumping: actors.filter(({ isPumping }) => isPumping).map(({ tally }) => tally),
    blocks: [...blocks.values()],
  };
}

/** Often enough to see every block, the shortest of which lasts a quarter of an hour. */
const lookEveryMs = 600_000;

/** Latest first, so that the next one is at the end. */
function insert(queue: Act[], act: Act): void {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((queue[middle] as Act).at > act.at) low = middle + 1;
    else high = middle;
  }
  queue.splice(low, 0, act);
}

/** What an operator gets who configures no more than has to be, but for the price of messages. */
function defaultConfig(mode: "enforce" | "shadow") {
  const folder = mkdtempSync(join(tmpdir(), "countersign-simulate-"));
  const file = join(folder, "countersign.yaml");
  const key = () => randomBytes(32).toString("base64");
  const document = {
    store: { url: "sqlite:unused.db" },
    secrets: { ledgerKey: key(), codeKeys: [{ id: "k", secret: key() }] },
    applications: [
      {
        id: "shop",
        displayName: "Shop",
        purposes: ["login"],
        channels: ["sms"],
        policy: { countries: "*" },
        keys: [{ id: "k", hash: "ab".repeat(32) }],
      },
    ],
    providers: { gateway: { kind: "webhook", url: "https://gateway.example.com/", secrets: [`whsec_${key()}`], channels: ["sms"] } },
    channels: { sms: ["gateway"] },
    pumping: { mode },
  };
  try {
    writeFileSync(file, JSON.stringify(document));
    const loaded = loadConfig({ env: {}, file });
    if (!loaded.ok) throw new Error(loaded.problems.map(({ setting, message }) => `${setting} ${message}`).join("\n"));
    const { config } = loaded;
    return mode === "enforce" ? config : { ...config, applications: config.applications.map(watching) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const watching = <A extends { readonly sendLimits?: readonly object[] }>(application: A): A => ({
  ...application,
  sendLimits: application.sendLimits?.map((limit) => ({ ...limit, action: "record" })),
});
