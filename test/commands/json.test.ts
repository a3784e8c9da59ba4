import { expect, test } from "vitest";
import { production } from "../config/production.ts";
import { newSqlite, writeConfig } from "../process/service.ts";
import { run } from "./run.ts";

const file = writeConfig(production());
const errorOf = (stderr: string): { readonly code: string; readonly message: string; readonly problems?: readonly object[] } =>
  JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "").error;

test("check-config tells what is configured", async () => {
  const { code, stdout } = await run(["check-config", "--json", file]);
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    { file, applications: ["shop"], keys: [expect.any(String)], channels: { email: [["mail"]] }, store: "sqlite", warnings: [] },
  ]);
});

test("failures and misuse are JSON too, with each problem of a configuration", async () => {
  const bad = writeConfig({ ...production(), log: { level: "x" }, lgo: {} });
  const { code, stdout, stderr } = await run(["check-config", "--json", bad]);
  expect([code, stdout, stderr.trimEnd().split("\n").length]).toEqual([1, "", 1]);
  expect(errorOf(stderr)).toEqual({
    code: "failed",
    message: expect.stringContaining("log.level cannot be used"),
    problems: [
      { setting: "log.level", message: expect.any(String) },
      { setting: "lgo", message: expect.stringContaining("did you mean log?") },
    ],
  });
  const misused = await run(["make-key", "--json", "--kind", "robot"]);
  expect([misused.code, JSON.parse(misused.stderr)]).toEqual([2, { error: { code: "misused", message: "--kind is service or browser." } }]);
  const unknown = await run(["lokc", "--json"]);
  expect([unknown.code, errorOf(unknown.stderr).code]).toEqual([2, "misused"]);
});

test("operators' commands answer with the documents that their help tells", { timeout: 120_000 }, async () => {
  const { url } = newSqlite();
  const act = (...args: string[]) => run([...args, "--json", "--config", file], { env: { COUNTERSIGN_STORE_URL: url } });
  const answer = async (...args: string[]) => JSON.parse((await act(...args)).stdout);
  expect(await answer("lock", "shop", "+14155552671")).toMatchObject({
    maskedRecipient: expect.stringMatching(/^\+14.+671$/),
    locked: false,
    failuresInRow: 0,
    failures: [],
    sends: [],
    openChallenges: 0,
    authenticators: 0,
  });
  expect(await answer("unlock", "shop", "+14155552671")).toEqual({ known: false });
  expect(await answer("erase", "shop", "jane@example.com")).toEqual({ known: false });
  expect(await answer("blocks", "shop")).toEqual([]);
  const made = await answer("block", "shop", "+23480", "--minutes", "5");
  expect(made).toMatchObject({ kind: "prefix", cause: expect.any(String), enforced: true, until: expect.any(Number), hits: 0 });
  expect((await answer("blocks", "shop")).map(({ label }: { label: string }) => label)).toEqual(["+23480"]);
  expect(await answer("unblock", "shop", "prefix", made.label)).toEqual({ ended: true });
  const { code, stdout, stderr } = await act("lock", "shop", "nobody");
  expect([code, stdout, errorOf(stderr).code]).toEqual([1, "", "failed"]);
  const other = await act("lock", "shp", "+14155552671");
  expect([other.code, errorOf(other.stderr).message]).toEqual([2, expect.stringContaining("shop")]);
});
