import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Guard, Guarded } from "./guards.ts";

export type GuardAnswer = { readonly status: number; readonly asksFor: string | null; readonly text: string };
export type RunningGuard = {
  /** Asks for a transfer, with a proof or without. */
  readonly ask: (proof?: string) => Promise<GuardAnswer>;
  readonly stop: () => void;
};

/** Starts a guard and waits until it answers. */
export async function startGuard(example: Guard, folder: string, guarded: Guarded): Promise<RunningGuard> {
  const [program, ...args] = example.command(folder, guarded);
  const child = spawn(program, args, { env: { ...process.env, ...example.env?.(folder, guarded) }, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const ask = async (proof?: string): Promise<GuardAnswer> => {
    const headers = new Headers(proof ? { "countersign-proof": proof } : {});
    const response = await fetch(`http://127.0.0.1:${guarded.port}/transfer`, { method: "POST", headers });
    return { status: response.status, asksFor: response.headers.get("www-authenticate"), text: await response.text() };
  };
  const answers = (): Promise<boolean> =>
    ask().then(
      () => true,
      () => false,
    );
  for (let tries = 0; tries < 200 && child.exitCode === null; tries += 1) {
    if (await answers()) return { ask, stop: () => void child.kill("SIGKILL") };
    await sleep(100);
  }
  child.kill("SIGKILL");
  throw new Error(`the guard does not answer: ${said}`);
}
