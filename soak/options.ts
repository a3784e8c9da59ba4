import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Allowance, usualAllowance } from "./judge.ts";

export type Options = {
  readonly minutes: number;
  /** Calls in a second, at most. */
  readonly rate: number;
  /** Callers, each of which makes its next call when the one before was answered. */
  readonly parallel: number;
  readonly sampleSeconds: number;
  readonly reloadSeconds: number;
  readonly burstSeconds: number;
  /** How long what was under way may take to end. */
  readonly settleSeconds: number;
  readonly store: "sqlite" | "mongodb";
  /** Of the store; without it, a SQLite database in a folder of its own. */
  readonly url: string | undefined;
  readonly plot: string;
  readonly lines: string;
  /** Loaded into the service before it (`node --import`). */
  readonly preload: string | undefined;
  readonly allowance: Allowance;
};

export const usage = `npm run soak -- [options]

  --minutes N        how long there is load (30); 0.1 to 1440
  --rate N           calls in a second, at most (150)
  --parallel N       callers, each of which waits for its answer (32)
  --store NAME       sqlite or mongodb (sqlite)
  --url URL          of the store, with a database of its own; mongodb needs one
  --sample-seconds N between two samples (5)
  --reload-seconds N between two reloads of the configuration (60)
  --burst-seconds N  between two bursts of failures of vendors, a tenth of it long (60)
  --settle-seconds N how long what was under way may take to end, at most (90)
  --heap-mib N       what the heap may grow while it is judged (${usualAllowance.heapMib})
  --rss-mib N        what the process may grow while it is judged (${usualAllowance.rssMib})
  --plot FILE        where the plot goes, as SVG
  --lines FILE       where the samples go, a JSON object a line
  --preload FILE     load this module into the service first

Runs the service in production form under mixed load, and ends with exit code 1 when it did not stay as it was. Ctrl-C ends it early,
with a report.
`;

/** Throws with what to write instead. */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { ...text, default: "30" },
      rate: { ...text, default: "150" },
      parallel: { ...text, default: "32" },
      store: { ...text, default: "sqlite" },
      url: text,
      "sample-seconds": { ...text, default: "5" },
      "reload-seconds": { ...text, default: "60" },
      "burst-seconds": { ...text, default: "60" },
      "settle-seconds": { ...text, default: "90" },
      "heap-mib": { ...text, default: String(usualAllowance.heapMib) },
      "rss-mib": { ...text, default: String(usualAllowance.rssMib) },
      plot: { ...text, default: join(tmpdir(), "countersign-soak.svg") },
      lines: { ...text, default: join(tmpdir(), "countersign-soak.jsonl") },
      preload: text,
    },
  });
  const number = (name: keyof typeof values, low: number, high: number) => within(`--${name}`, String(values[name]), low, high);
  const { store, url } = values;
  if (store !== "sqlite" && store !== "mongodb") throw new Error(`--store: write sqlite or mongodb, not ${JSON.stringify(store)}`);
  if (store === "mongodb" && !/^mongodb(\+srv)?:\/\/[^/]+\/\w/.test(url ?? ""))
    throw new Error("--url: write mongodb://HOST:PORT/DATABASE?OPTIONS, with a database that nothing else uses");
  if (store === "sqlite" && url !== undefined && !/^sqlite:./.test(url)) throw new Error("--url: write sqlite:PATH, or --store mongodb");
  return {
    minutes: number("minutes", 0.1, 1440),
    rate: number("rate", 1, 10_000),
    parallel: Math.ceil(number("parallel", 1, 1000)),
    sampleSeconds: number("sample-seconds", 0.2, 60),
    reloadSeconds: number("reload-seconds", 1, 3600),
    burstSeconds: number("burst-seconds", 1, 3600),
    settleSeconds: number("settle-seconds", 0, 600),
    store,
    url,
    plot: values.plot,
    lines: values.lines,
    preload: values.preload,
    allowance: { ...usualAllowance, heapMib: number("heap-mib", 0.1, 10_000), rssMib: number("rss-mib", 0.1, 10_000) },
  };
}

function within(name: string, text: string, low: number, high: number): number {
  const number = Number(text);
  if (!(number >= low && number <= high)) throw new Error(`${name}: write a number from ${low} to ${high}, not ${JSON.stringify(text)}`);
  return number;
}
