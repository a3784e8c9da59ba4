/** Runs the shell blocks of a page one after another, as a reader would in one terminal, in a copy of the project. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newFolder } from "../process/service.ts";
import { type Fence, root } from "./markdown-files.ts";

export type Ran = { readonly exit: number | null; readonly stdout: string; readonly stderr: string };

export type Terminal = { run(block: Fence): Promise<Ran> };

const copied = ["docs", "proto", "package.json", "buf.yaml", "buf.gen.yaml", "countersign.sample.yaml"];
/** All that a page runs something of; what is not there yet is needed by none. */
const linked = ["src", "node_modules", "adapters", "examples", "simulate", "bench", "verify", "web", "ops"].filter((name) =>
  existsSync(join(root, name)),
);

/** `env` is there besides what every terminal has. */
export function openTerminal(env: Readonly<Record<string, string>>): Terminal {
  const folder = newFolder();
  const project = join(folder, "project");
  mkdirSync(project);
  for (const name of copied) cpSync(join(root, name), join(project, name), { recursive: true });
  for (const name of linked) symlinkSync(join(root, name), join(project, name));
  // As where the package is installed.
  const commands = join(folder, "bin");
  mkdirSync(commands);
  symlinkSync(join(root, "bin/countersign.js"), join(commands, "countersign"));
  const state = join(folder, "state");
  writeFileSync(state, `cd ${project}\n`);
  // Whatever starts in a page does so on free ports.
  const ports = { COUNTERSIGN_GRPC_ADDR: "127.0.0.1:0", COUNTERSIGN_HTTP_ADDR: "127.0.0.1:0" };
  const own = {
    ...ports,
    PATH: `${commands}:${join(root, "node_modules/.bin")}:${process.env.PATH}`,
    HOME: folder,
    NO_COLOR: "1",
    LC_ALL: "C.UTF-8",
    ...env,
  };
  return {
    run: ({ info, text }) =>
      runScript(`. ${state}\nset -aeo pipefail\n${text}\nset +a\n{ export -p; printf 'cd %q\\n' "$PWD"; } > ${state}\n`, {
        cwd: folder,
        env: own,
        untilStarted: / until-started\b/.test(info),
      }),
  };
}

type Terms = { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly untilStarted: boolean };

const patienceMs = 20_000;

/** A process group of its own, so that nothing of it stays. `untilStarted`: a service, which is stopped once it has started. */
async function runScript(script: string, { cwd, env, untilStarted }: Terms): Promise<Ran> {
  const child = spawn("bash", ["-c", script], { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].on("data", (chunk: Buffer) => {
      out[name] += chunk;
    });
  const closed = once(child, "close");
  const timer = setTimeout(() => end(child.pid, "SIGKILL"), patienceMs);
  try {
    if (untilStarted) {
      while (!out.stdout.includes('"event":"started"') && child.exitCode === null && child.signalCode === null) await sleep(20);
      end(child.pid, "SIGTERM");
    }
    await closed;
    // The shell is ended by the same signal as the service, which says by itself that it ended in order.
    const exit = untilStarted && out.stdout.includes('"event":"stopped"') ? 0 : child.exitCode;
    return { exit, ...out };
  } finally {
    clearTimeout(timer);
    end(child.pid, "SIGKILL");
  }
}

function end(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // All of the group have ended.
  }
}
