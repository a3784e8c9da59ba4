import { execFile } from "node:child_process";

export type RunOptions = {
  readonly cwd?: string;
  /** Besides the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
};

export type Ran = { readonly ok: boolean; readonly stdout: string; readonly stderr: string };

/** Runs a program to its end. Rejects only where there is no such program. */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { cwd, env, timeoutMs = 300_000 }: RunOptions = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: { ...process.env, ...env }, timeout: timeoutMs, maxBuffer: 2 ** 24 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      if (error && (error as NodeJS.ErrnoException).code === "ENOENT") reject(error);
      else resolve({ ok: error === null, stdout, stderr });
    });
    child.stdin?.end();
  });
}

/** For steps that must succeed; rejects with what the program said. */
export async function mustRun(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const { ok, stdout, stderr } = await runProgram(command, options);
  if (!ok) throw new Error(`${command.join(" ")} failed:\n${`${stdout}\n${stderr}`.trim().slice(-4000)}`);
  return stdout;
}
