import { readdir, readFile, readlink } from "node:fs/promises";

export type Files = { readonly files: number; readonly sockets: number; readonly threads: number };

/** What Linux tells of a process; nothing elsewhere. */
export async function countFiles(pid: number): Promise<Files | undefined> {
  try {
    const folder = `/proc/${pid}/fd`;
    const [names, threads] = await Promise.all([readdir(folder), readdir(`/proc/${pid}/task`)]);
    const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
    return { files: names.length, sockets: targets.filter((each) => each.startsWith("socket:")).length, threads: threads.length };
  } catch {
    return undefined;
  }
}

export type Turns = { readonly ranMs: number; readonly waitedMs: number };

/** How long the main thread of a process has run, and how long it has waited for a processor that others had; by Linux's own account. */
export async function readTurns(pid: number): Promise<Turns> {
  try {
    const [ran, waited] = (await readFile(`/proc/${pid}/task/${pid}/schedstat`, "utf8")).split(" ").map(Number);
    return { ranMs: (ran ?? 0) / 1e6, waitedMs: (waited ?? 0) / 1e6 };
  } catch {
    return { ranMs: 0, waitedMs: 0 };
  }
}

/** By how much the machine drew the work of a process out between two moments; 1 is a processor to oneself. */
export const stretchBetween = (before: Turns, after: Turns): number => {
  const ran = after.ranMs - before.ranMs;
  return ran > 0 ? 1 + (after.waitedMs - before.waitedMs) / ran : 1;
};
