import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { plantInSqlite } from "./plant.ts";
import { tally } from "./racing.ts";
import { authenticatorWith, guessing, newRef, opening, openingUnsent } from "./requests.ts";
import type { Acknowledged, Racing } from "./sqlite-child.ts";
import { newPath, openOn } from "./sqlite-file.ts";

const script = fileURLToPath(new URL("./sqlite-child.ts", import.meta.url));

type Line = Partial<Acknowledged> & { readonly ready?: true; readonly outcomes?: readonly string[]; readonly failed?: string };

/** `maxFileBlocks` is what `ulimit -f` takes: writes beyond it fail as on a full disk. */
function start(args: readonly string[], maxFileBlocks?: number): ChildProcess {
  const limit = maxFileBlocks === undefined ? "" : `ulimit -f ${maxFileBlocks}; `;
  const child = spawn("/bin/sh", ["-c", `${limit}exec "$0" "$@"`, process.execPath, script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function* linesOf(child: ChildProcess): AsyncGenerator<Line> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    // A killed process may leave its last line unfinished.
    if (line.endsWith("}")) yield JSON.parse(line) as Line;
  }
}

/** The last thing each recipient was told. */
async function acknowledgedBy(
  child: ChildProcess,
  killAfter = Number.POSITIVE_INFINITY,
): Promise<{ acknowledged: Acknowledged[]; last: Line }> {
  const known = new Map<string, Acknowledged>();
  let seen = 0;
  let last: Line = {};
  for await (const line of linesOf(child)) {
    last = line;
    if (line.ref) known.set(line.ref.ledger, line as Acknowledged);
    seen += 1;
    if (seen === killAfter) child.kill("SIGKILL");
  }
  return { acknowledged: [...known.values()], last };
}

async function expectKept(path: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const store = await openOn(path);
  for (const { ref, attempts, state } of acknowledged) {
    const kept = await store.read(ref);
    expect(kept?.challenge.attempts).toBeGreaterThanOrEqual(attempts);
    if (state === "verified") expect(await store.verify(guessing(ref, "right"))).toEqual({ status: "used" });
    else expect(kept?.challenge.attempts === 1 ? kept.failuresInRow : 0).toBe(kept?.challenge.attempts === 1 ? 1 : 0);
  }
}

describe("SQLite store and processes", () => {
  it("keeps everything it acknowledged when its process is killed in the middle of a load", async () => {
    const path = newPath();
    for (const killAfter of [100, 700, 2_500]) {
      const { acknowledged } = await acknowledgedBy(start(["load", path]), killAfter);
      expect(acknowledged.length).toBeGreaterThan(killAfter / 4);
      await expectKept(path, acknowledged);
    }
  });

  it("refuses on a full disk, and keeps everything it acknowledged before", async () => {
    const path = newPath();
    const child = start(["load", path], 1_500);
    const exited = once(child, "exit");
    const { acknowledged, last } = await acknowledgedBy(child);
    expect(last.failed).toBe("StoreUnavailable");
    expect(acknowledged.length).toBeGreaterThan(20);
    expect(await exited).toEqual([0, null]);
    await expectKept(path, acknowledged);
  });

  it.each([
    ["accepts a code once", "right", { approved: 1, used: 199 }],
    ["accepts one claim of a position", "claim", { approved: 1, used: 199 }],
    ["sends one message in the place of another", "fallback", { opened: 1, not_due: 199 }],
    ["charges a subject no more than its budget", "charge", { charged: 10, exhausted: 190 }],
  ] as const)("%s when two processes race on one file", async (_, call, expected) => {
    const path = newPath();
    const store = await openOn(path);
    const ref = newRef();
    await plantInSqlite(path)(ref, { a1: authenticatorWith() });
    const send = opening(ref, { fallback: { channels: ["voice"], afterMs: 0 }, message: { leaseMs: 0 } });
    if (call === "claim") await store.openUnsent(openingUnsent(ref));
    else if (call !== "charge") await store.open(send);
    const racing: Racing = { ref, call, insteadOf: send.message.deliveryId };
    const racers = [0, 1].map(() => start(["race", path, JSON.stringify(racing)])).map((child) => ({ child, lines: linesOf(child) }));
    for (const { lines } of racers) expect((await lines.next()).value).toEqual({ ready: true });
    for (const { child } of racers) child.stdin?.write("go\n");
    const outcomes: string[] = [];
    for (const { lines } of racers) outcomes.push(...(((await lines.next()).value as Line).outcomes ?? []));
    expect(tally(outcomes.map((status) => ({ status })))).toEqual(expected);
  });

  it("does not keep a process alive that forgot to close it", async () => {
    const child = start(["forget", newPath()]);
    expect(await once(child, "exit")).toEqual([0, null]);
  });
});
