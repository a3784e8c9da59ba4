/**
 * A part of a core for a process, so that a machine has more of such cores than of its own: what two of them do is then not what the
 * machine had left beside the load.
 */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Short, so that a call waits for little more than its own time. */
const periodMicros = 10_000;
const root = "/sys/fs/cgroup";

/** Of Linux's control groups (version 2, or 1), as root. Throws where there are none. Gives what takes the group away again, once the process has ended. */
export function shareCore(pid: number, share: number): () => void {
  const quota = Math.round(share * periodMicros);
  const name = `countersign-bench-${pid}`;
  const isFirst = existsSync(join(root, "cpu/cpu.cfs_quota_us"));
  const folder = join(root, isFirst ? "cpu" : "", name);
  const settings = isFirst
    ? { "cpu.cfs_period_us": periodMicros, "cpu.cfs_quota_us": quota, "cgroup.procs": pid }
    : { "cpu.max": `${quota} ${periodMicros}`, "cgroup.procs": pid };
  try {
    mkdirSync(folder);
    for (const [file, value] of Object.entries(settings)) writeFileSync(join(folder, file), String(value));
  } catch (cause) {
    throw new Error("--share: needs Linux, its control groups for the processor, and the rights of root", { cause });
  }
  return () => {
    try {
      rmdirSync(folder);
    } catch {
      // Somebody is still in it: an empty folder stays, which costs nothing.
    }
  };
}
