import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { createLineWriter } from "../../src/telemetry/line-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("lines come out whole, in order, in the background", async () => {
  const file = join(folder, "order");
  const fd = openSync(file, "w");
  const writer = createLineWriter({ fd, delayMs: 5 });
  for (let i = 0; i < 500; i += 1) {
    writer.write(`line ${i} ü\n`);
    if (i % 100 === 0) await sleep(7);
  }
  await expect.poll(() => readFileSync(file, "utf8")).toBe(Array.from({ length: 500 }, (_, i) => `line ${i} ü\n`).join(""));
  closeSync(fd);
});

test("close writes what is left", async () => {
  const file = join(folder, "close");
  const fd = openSync(file, "w");
  const writer = createLineWriter({ fd, delayMs: 60_000 });
  writer.write("last words\n");
  expect(readFileSync(file, "utf8")).toBe("");
  await writer.close();
  expect(readFileSync(file, "utf8")).toBe("last words\n");
  closeSync(fd);
});

test("past its bound lines are dropped and counted, and memory does not grow", async () => {
  const file = join(folder, "bound");
  const fd = openSync(file, "w");
  const writer = createLineWriter({ fd, delayMs: 60_000, maxLength: 10 });
  for (let i = 0; i < 5; i += 1) writer.write("1234567\n");
  await writer.close();
  expect(readFileSync(file, "utf8")).toBe('1234567\n1234567\n{"level":"warn","event":"log_lines_dropped","count":3}\n');
  closeSync(fd);
});

test("a file that cannot be written is no reason to fail", async () => {
  const fd = openSync(join(folder, "readonly"), "a+");
  closeSync(fd);
  const writer = createLineWriter({ fd, delayMs: 1 });
  writer.write("x\n");
  await sleep(20);
  await expect(writer.close()).resolves.toBeUndefined();
});

/** Runs a program that has a writer on its standard output, piped into a reader; `stderr` is what the program said. */
function pipe(program: string, reader: string) {
  const script = `import { createLineWriter } from ${JSON.stringify(new URL("../../src/telemetry/line-writer.ts", import.meta.url).href)};${program}`;
  const command = `"$NODE" --input-type=module -e "$SCRIPT" | ${reader}`;
  const env = { ...process.env, NODE: process.execPath, SCRIPT: script };
  return spawnSync("bash", ["-c", command], { env, encoding: "utf8", timeout: 20_000 });
}

test("through a pipe that is read slowly, every line arrives and the event loop does not wait", () => {
  const program = `
    const writer = createLineWriter({ delayMs: 1 });
    let longest = 0, last = performance.now();
    const timer = setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 1);
    for (let i = 0; i < 20; i++) { writer.write("x".repeat(99_999) + "\\n"); await new Promise((r) => setTimeout(r, 2)); }
    await new Promise((r) => setTimeout(r, 100));
    clearInterval(timer);
    await writer.close();
    process.stderr.write(String(Math.round(longest)));
  `;
  const { stdout, stderr } = pipe(program, "{ sleep 0.5; wc -c; }");
  expect(Number(stdout)).toBe(2_000_000);
  expect(Number(stderr)).toBeLessThan(400);
});

test.for([
  ["does not read", "sleep 4"],
  ["has gone", "true"],
] as const)("a reader that %s holds up neither the pool of threads nor the exit", ([, reader]) => {
  const program = `
    import { stat } from "node:fs/promises";
    const writer = createLineWriter({ delayMs: 1 });
    for (let i = 0; i < 20; i++) { writer.write("x".repeat(99_999) + "\\n"); await new Promise((r) => setTimeout(r, 5)); }
    await Promise.all(Array.from({ length: 8 }, () => stat("/")));
    const started = performance.now();
    await writer.close();
    process.on("exit", () => process.stderr.write(String(Math.round(performance.now() - started))));
  `;
  const { stderr } = pipe(program, reader);
  expect(stderr).toMatch(/^\d+$/);
  expect(Number(stderr)).toBeLessThan(3000);
});

test("where others write to the same pipe, every line stays whole", { timeout: 60_000 }, async () => {
  const program = `
    import { createLineWriter } from ${JSON.stringify(new URL("../../src/telemetry/line-writer.ts", import.meta.url).href)};
    const writer = createLineWriter({ fd: 1, delayMs: 1, shared: true });
    for (let i = 0; i < 3000; i += 1) {
      writer.write(JSON.stringify({ name: process.argv[1], i, text: "x".repeat(i % 700) }) + "\\n");
      if (i % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // It gives up on a reader that takes too long, which is not what this is about.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await writer.close();`;
  // Both write to the one pipe that the shell has, which is full whenever its reader is elsewhere.
  const both = `"$NODE" --input-type=module -e "$PROGRAM" one & "$NODE" --input-type=module -e "$PROGRAM" two & wait`;
  const env = { PATH: process.env.PATH, NODE: process.execPath, PROGRAM: program };
  const child = spawn("sh", ["-c", both], { env, stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) {
    chunks.push(chunk as Buffer);
    await sleep(5);
  }
  const lines = Buffer.concat(chunks)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { name: string; i: number });
  for (const name of ["one", "two"])
    expect(lines.filter((line) => line.name === name).map(({ i }) => i)).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
});
