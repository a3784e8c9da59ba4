import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { newSqlite } from "./service.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** In a terminal of its own (util-linux), which `hangUp` closes. */
async function startInTerminal() {
  const free = "127.0.0.1:0";
  const listen = { COUNTERSIGN_GRPC_ADDR: free, COUNTERSIGN_HTTP_ADDR: free, COUNTERSIGN_STORE_URL: newSqlite().url };
  const line = `echo "process $$;"; exec '${process.execPath}' '${main}'`;
  const terminal = spawn("script", ["--quiet", "--flush", "--command", line, "/dev/null"], {
    env: { PATH: process.env.PATH ?? "", SHELL: "/bin/sh", ...listen },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let said = "";
  terminal.stdout.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const find = async (pattern: RegExp): Promise<string> => {
    await expect.poll(() => pattern.exec(said)?.[1], { timeout: 20_000 }).toBeDefined();
    return pattern.exec(said)?.[1] as string;
  };
  const pid = Number(await find(/process (\d+);/));
  onTestFinished(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
    terminal.kill("SIGKILL");
  });
  const http = await find(/"event":"started".*"http":"([^"]+)"/);
  return { http, hangUp: () => terminal.kill("SIGKILL") };
}

const answers = (address: string): Promise<boolean> =>
  fetch(`http://${address}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
    () => true,
    () => false,
  );

// Elsewhere `script` takes its command in other ways.
it.skipIf(process.platform !== "linux")("without a configuration file, ends with the terminal that it was started in", async () => {
  const { http, hangUp } = await startInTerminal();
  expect(await answers(http)).toBe(true);
  hangUp();
  await expect.poll(() => answers(http), { timeout: 10_000 }).toBe(false);
});
