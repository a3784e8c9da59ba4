import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { LimitTake } from "../../src/otp/limit-counter.ts";

const script = fileURLToPath(new URL("./limits-child.ts", import.meta.url));

/** A hundred takes in each of two processes at once; how they came out. */
export async function raceInProcesses(url: string, take: LimitTake): Promise<Record<string, number>> {
  const children = [start(url, take), start(url, take)];
  for (const { lines } of children) await lines.next();
  for (const { go } of children) go();
  const outcomes = await Promise.all(children.map(async ({ lines }) => JSON.parse((await lines.next()).value ?? "[]") as string[]));
  const counts: Record<string, number> = {};
  for (const status of outcomes.flat()) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

function start(url: string, take: LimitTake) {
  const child = spawn(process.execPath, [script, url, JSON.stringify(take)], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { go: () => child.stdin.write("go\n"), lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}
