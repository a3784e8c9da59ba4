import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import type { CommandIo } from "../../src/commands/command.ts";
import { createProgressView } from "../../src/commands/progress-view.ts";
import { runCommand } from "../../src/commands/run-command.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { newKey, newSecrets, plantedInSqlite, withKeys } from "../process/secrets-kit.ts";
import { newDirectory } from "../store/sqlite-file.ts";

const [oldKey, newest, lost] = [newKey("old"), newKey("new"), newKey("lost")];

async function plantedStore() {
  const path = `${newDirectory()}/ledgers.db`;
  await (await openSqliteStore({ path })).close();
  return { url: `sqlite:${path}`, planted: plantedInSqlite(path) };
}

async function run(args: readonly string[], env: Record<string, string>, terminal?: CommandIo["terminal"]) {
  const written = { stdout: "", stderr: "" };
  const write = (stream: "stdout" | "stderr") => (text: string) => {
    written[stream] += text;
  };
  const code = await runCommand(["reencrypt", ...args], { stdout: write("stdout"), stderr: write("stderr"), env, terminal });
  return { code, ...written };
}

test("tells what it did, and which key may go", async () => {
  const { url, planted } = await plantedStore();
  await planted.plant(await newSecrets(3, oldKey));
  const env = { COUNTERSIGN_STORE_URL: url, ...withKeys(newest, oldKey, lost) };
  expect(await run([], env)).toEqual({
    code: 0,
    stdout: [
      "3 secrets re-encrypted under new.",
      "No secret is under old any more: once every process runs with new first, it may be removed from secrets.authenticatorKeys.",
      "No secret is under lost any more: once every process runs with new first, it may be removed from secrets.authenticatorKeys.",
      "",
    ].join("\n"),
    stderr: "3 of 3 secrets re-encrypted\n",
  });
  expect(await run(["--json"], env)).toEqual({
    code: 0,
    stdout: `${JSON.stringify({ newest: "new", moved: 0, left: {}, unreadable: 0, damaged: 0, examples: [], removable: ["old", "lost"] })}\n`,
    stderr: "",
  });
});

test("fails where something cannot be read, says what, and names no key that is still needed", async () => {
  const { url, planted } = await plantedStore();
  const [one] = await newSecrets(1, lost);
  const [moved, other] = await newSecrets(2, oldKey);
  if (!one || !moved || !other) throw new Error("nothing planted");
  await planted.plant([one, { ...moved, sealed: other.sealed }]);
  const env = { COUNTERSIGN_STORE_URL: url, ...withKeys(newest, oldKey) };
  const { code, stdout, stderr } = await run([], env);
  expect(code).toBe(1);
  expect(stdout.split("\n").toSorted()).toEqual(
    [
      "",
      "0 secrets re-encrypted under new.",
      "1 secret still under lost: it is not configured. Add it again, or have these authenticators enrolled anew.",
      "1 secret still under old: do not remove it. Where a process still runs with it first, restart that one, and run this again.",
      "2 secrets could not be read: altered, moved from another record, or their key is not configured.",
    ].toSorted(),
  );
  for (const { ledger, authenticator } of [one, moved]) expect(stderr).toContain(`not readable: ${ledger} ${authenticator}\n`);
  expect(JSON.parse((await run(["--json"], env)).stdout)).toMatchObject({ left: { lost: 1, old: 1 }, unreadable: 2, removable: [] });
});

test("without keys there is nothing to do; a rate is a number", async () => {
  expect(await run(["--rate", "0"], {})).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--rate is a whole number, 1 to 999999."),
  });
  expect(await run(["now"], {})).toMatchObject({ code: 2 });
  expect(await run([], { COUNTERSIGN__secrets__authenticatorKeys: "[]" })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("authenticatorKeys"),
  });
});

test("on a terminal it draws a bar, and lines elsewhere", () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const io = { stdout: () => {}, stderr: (text: string) => void lines.push(text), env: {} };
  const lines: string[] = [];
  const bar = createProgressView({ ...io, terminal });
  bar.show({ done: 1, total: 400 });
  bar.show({ done: 400, total: 400 });
  bar.end();
  expect(String(terminal.read())).toMatch(/100% \| 400 of 400/);
  const view = createProgressView(io);
  for (let done = 0; done <= 400; done++) view.show({ done, total: 400 });
  view.end();
  expect(lines).toEqual(["0 of 400 secrets re-encrypted\n", "400 of 400 secrets re-encrypted\n"]);
});
