import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

type Program = { readonly command: string; readonly args: readonly string[]; readonly cwd: string; readonly env: NodeJS.ProcessEnv };

export type Tried = { readonly verified: string; readonly page: string; readonly proofs: number; readonly stopped: boolean };

const startMs = 60_000;

/** Starts the service, sends and verifies a code over JSON, and stops it as a Ctrl-C would. */
export async function tryService({ command, args, cwd, env }: Program): Promise<Tried> {
  const child = spawn(command, [...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  // Of the service itself too, where npx has ended before it.
  const closed = once(child, "close");
  const output = gather(child);
  try {
    const url = `http://${await httpAddress(child, output)}`;
    const { challenge } = await call(url, "SendCode", { recipient: { phoneNumber: "+14155552671" } });
    const inbox = (await (await fetch(`${url}/dev/inbox?to=%2B14155552671`)).json()) as readonly { readonly code: string }[];
    const verified = await call(url, "VerifyCode", { challengeId: challenge.challengeId, code: inbox[0]?.code });
    const page = await (await fetch(url)).text();
    const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: readonly unknown[] };
    endGroup(child, "SIGINT");
    await closed;
    return { verified: verified.recipient.phoneNumber, page, proofs: keys.length, stopped: output().includes('"event":"stopped"') };
  } finally {
    endGroup(child, "SIGKILL");
  }
}

async function call(url: string, method: string, message: object) {
  const response = await fetch(`${url}/countersign.v1.CodeService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(message),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the answer is what is tested
  const answer: any = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(answer));
  return answer;
}

function gather({ stdout, stderr }: ChildProcess): () => string {
  let output = "";
  for (const stream of [stdout, stderr])
    stream?.on("data", (chunk: Buffer) => {
      output += String(chunk);
    });
  return () => output;
}

async function httpAddress(child: ChildProcess, output: () => string): Promise<string> {
  for (let waited = 0; waited < startMs && child.exitCode === null; waited += 20) {
    const [, address] = /"event":"started".*"http":"([^"]+)"/.exec(output()) ?? [];
    if (address) return address;
    await sleep(20);
  }
  throw new Error(`the service did not start: ${output()}`);
}

/** A Ctrl-C goes to all of them: npx, the command, and the newer Node.js it may have started. */
function endGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // All of them have ended.
  }
}
