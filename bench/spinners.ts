import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export type Spinners = {
  readonly pids: readonly number[];
  /** How much so many processes compute in so long, together. */
  run(count: number, seconds: number): Promise<number>;
  close(): void;
};

/** What any program can gain from several processes on this machine, at this moment. */
export function startSpinners(most: number): Spinners {
  const children = Array.from({ length: most }, () => fork(fileURLToPath(new URL("./spin.ts", import.meta.url))));
  const spin = async (child: ChildProcess, seconds: number): Promise<number> => {
    child.send(seconds);
    const [rounds] = await once(child, "message");
    return Number(rounds);
  };
  return {
    pids: children.flatMap(({ pid }) => pid ?? []),
    async run(count, seconds) {
      const rounds = await Promise.all(children.slice(0, count).map((child) => spin(child, seconds)));
      return rounds.reduce((sum, each) => sum + each, 0);
    },
    close() {
      for (const child of children) child.kill();
    },
  };
}
