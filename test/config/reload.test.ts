import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import type { Config } from "../../src/config/config.ts";
import { type Loaded, loadConfig } from "../../src/config/load.ts";
import { type ReloadOutcome, startReloading } from "../../src/config/reload.ts";
import { aSecret, production, temporaryFolder } from "./production.ts";

const timeout = 20_000;
const soon = <T>(value: () => T) => expect.poll(value, { timeout, interval: 10 });
/** Long enough for many looks. */
const aWhileMs = 400;

type Start = {
  readonly folder?: string;
  readonly settleMs?: number;
  readonly prepare?: (file: string) => void;
  readonly apply?: (config: Config) => Promise<void>;
};

/** As the process does it, with looks that are closer together. */
function start({ folder = temporaryFolder(), settleMs = 40, prepare, apply = async () => {} }: Start = {}) {
  const file = join(folder, "countersign.yaml");
  const document = production() as ReturnType<typeof production> & Record<string, unknown>;
  const write = (change: object = {}): void => writeFileSync(file, stringify({ ...document, ...change }), { mode: 0o600 });
  if (prepare) prepare(file);
  else write();
  const lines: Record<string, unknown>[] = [];
  const outcomes: ReloadOutcome[] = [];
  const applied: Config[] = [];
  let readings = 0;
  const load = (): Loaded => {
    readings += 1;
    const loaded = loadConfig({ env: {}, file });
    return loaded.ok ? { ...loaded, config: { ...loaded.config, reload: { ...loaded.config.reload, everyMs: 20 } } } : loaded;
  };
  const started = load();
  if (!started.ok) throw new Error(JSON.stringify(started.problems));
  const note = (level: string) => (line: object) => void lines.push({ level, ...line });
  const reloader = startReloading({
    started,
    load,
    apply: async (config) => {
      await apply(config);
      applied.push(config);
    },
    logger: { info: note("info"), warn: note("warn"), error: note("error") },
    onReload: (outcome) => outcomes.push(outcome),
    settleMs,
  });
  onTestFinished(() => reloader.stop());
  const levels = () => applied.map(({ log }) => log.level);
  /** From now on nothing is read but what has changed. */
  const firstLook = async () => {
    await soon(() => readings).toBe(2);
    await sleep(50);
  };
  return { file, folder, document, write, lines, outcomes, applied, levels, reloader, firstLook };
}

describe("a changed file", () => {
  it("is taken once", async () => {
    const f = start();
    f.write({ log: { level: "debug" } });
    await soon(() => f.outcomes).toEqual(["applied"]);
    await sleep(aWhileMs);
    expect(f.levels()).toEqual(["debug"]);
    expect(f.lines).toEqual([{ level: "info", event: "configuration_reloaded", changed: ["log"] }]);
  });

  it("that was changed between the reading at start and the first look is taken", async () => {
    const f = start();
    // Before the reloader has had a chance to look.
    f.write({ log: { level: "warn" } });
    await soon(f.levels).toEqual(["warn"]);
  });

  it("is taken when an editor puts another in its place", async () => {
    const f = start();
    const other = join(f.folder, ".countersign.yaml.swp");
    writeFileSync(other, stringify({ ...f.document, log: { level: "error" } }), { mode: 0o600 });
    renameSync(other, f.file);
    await soon(f.levels).toEqual(["error"]);
  });

  it("is taken when Kubernetes swaps the link of the folder it is mounted from", async () => {
    const folder = temporaryFolder();
    const document = {
      ...production(),
      secrets: { ...production().secrets, codeKeys: [{ id: "a", secret: { file: "..data/code-key" } }] },
    };
    const mount = (name: string, level: string, secret: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "countersign.yaml"), stringify({ ...document, log: { level } }), { mode: 0o600 });
      writeFileSync(join(folder, name, "code-key"), secret, { mode: 0o600 });
      symlinkSync(name, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    const secret = aSecret();
    const f = start({
      folder,
      prepare(file) {
        mount("..1", "info", secret);
        symlinkSync("..data/countersign.yaml", file);
      },
    });
    mount("..2", "debug", secret);
    rmSync(join(folder, "..1"), { recursive: true });
    await soon(f.levels).toEqual(["debug"]);
  });

  it("of a secret, and of one that only the new configuration names, is taken", async () => {
    const f = start();
    const secrets = { ...f.document.secrets, codeKeys: [...f.document.secrets.codeKeys, { id: "b", secret: { file: "b" } }] };
    f.write({ secrets });
    await soon(() => f.outcomes).toEqual(["refused"]);
    expect(f.lines.at(-1)).toMatchObject({ problems: [expect.stringMatching(/^secrets\.codeKeys\[1\]\.secret is to come from the file/)] });
    writeFileSync(join(f.folder, "b"), aSecret(), { mode: 0o600 });
    await soon(() => f.applied.at(-1)?.secrets.codeKeys.map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("of a wording, and one more in its folder, is taken", async () => {
    const f = start();
    const texts = join(f.folder, "texts");
    const template = (locale: string, text: string) => stringify([{ channel: "email", locale, subject: "Code", text }]);
    mkdirSync(texts);
    writeFileSync(join(texts, "en.yaml"), template("en", "{code} is it"));
    f.write({ applications: [{ ...f.document.applications[0], wording: { path: "texts" } }] });
    await soon(() => f.applied.at(-1)?.applications[0]?.templates?.length).toBe(1);
    writeFileSync(join(texts, "de.yaml"), template("de", "{code} ist er"));
    await soon(() => f.applied.at(-1)?.applications[0]?.templates?.length).toBe(2);
  });

  it("is not taken while it is being written", async () => {
    const f = start({ settleMs: 2_000 });
    await f.firstLook();
    writeFileSync(f.file, "store: {", { mode: 0o600 });
    // Time for many looks, and far from enough for two of them to agree.
    await sleep(200);
    f.write({ log: { level: "debug" } });
    await soon(f.levels).toEqual(["debug"]);
    expect(f.outcomes).toEqual(["applied"]);
  });
});

describe("a file that is wrong", () => {
  it("leaves the last one in use and is told of once, with all that is wrong; the next good one is taken", async () => {
    const f = start();
    await f.firstLook();
    f.write({ log: { level: "loud" }, cors: { origins: ["ftp://x"] } });
    await soon(() => f.outcomes).toEqual(["refused"]);
    await sleep(aWhileMs);
    expect(f.lines).toHaveLength(1);
    expect(f.lines[0]).toMatchObject({
      level: "error",
      event: "configuration_refused",
      problems: [expect.stringMatching(/^cors\.origins\[0\] /), expect.stringMatching(/^log\.level /)],
    });
    f.write({ log: { level: "debug" } });
    await soon(f.levels).toEqual(["debug"]);
  });

  it.each<[string, (file: string) => void]>([
    ["is gone", (file) => unlinkSync(file)],
    ["is empty", (file) => writeFileSync(file, "")],
    ["is cut off", (file) => writeFileSync(file, "store: { url: 'sqlite:")],
    ["is huge", (file) => writeFileSync(file, `#${"x".repeat(2 ** 21)}`)],
    [
      "is a folder",
      (file) => {
        unlinkSync(file);
        mkdirSync(file);
      },
    ],
  ])("for that it %s: said once, and it comes back", async (_, spoil) => {
    const f = start();
    await f.firstLook();
    spoil(f.file);
    await soon(() => f.outcomes).toEqual(["refused"]);
    await sleep(aWhileMs);
    expect(f.outcomes).toEqual(["refused"]);
    rmSync(f.file, { recursive: true, force: true });
    f.write({ log: { level: "warn" } });
    await soon(f.levels).toEqual(["warn"]);
  });

  it("would change the ledger key: refused, and not by half", async () => {
    const f = start();
    f.write({ log: { level: "debug" }, secrets: { ...f.document.secrets, ledgerKey: aSecret() } });
    await soon(() => f.outcomes).toEqual(["refused"]);
    expect(f.applied).toEqual([]);
    expect(JSON.stringify(f.lines)).toMatch(/secrets\.ledgerKey is another one than before/);
  });

  it("a pipe in its place is not read, which could wait for ever", async () => {
    const f = start();
    f.write({ secrets: { ...f.document.secrets, codeKeys: [{ id: "a", secret: { file: "/dev/null" } }] } });
    await soon(() => f.outcomes).toEqual(["refused"]);
    expect(JSON.stringify(f.lines)).toMatch(/\/dev\/null/);
  });
});

describe("a part that cannot start", () => {
  it("leaves the last configuration in use, and the next one is measured by that", async () => {
    const f = start({
      apply: async ({ log }) => {
        if (log.level === "debug") throw new Error("no port");
      },
    });
    f.write({ log: { level: "debug" } });
    await soon(() => f.outcomes).toEqual(["failed"]);
    await sleep(aWhileMs);
    expect(f.outcomes).toEqual(["failed"]);
    expect(f.lines.at(-1)).toMatchObject({ level: "error", event: "configuration_failed", err: { message: "no port" } });
    f.write({ log: { level: "warn" } });
    await soon(f.levels).toEqual(["warn"]);
  });
});

describe("being asked", () => {
  it("reads again where nobody watches, and says so when nothing is new", async () => {
    const f = start();
    f.write({ reload: { watch: false } });
    await soon(() => f.outcomes).toEqual(["applied"]);
    f.write({ reload: { watch: false }, log: { level: "debug" } });
    await sleep(aWhileMs);
    expect(f.outcomes).toEqual(["applied"]);
    f.reloader.ask();
    await soon(f.levels).toEqual(["info", "debug"]);
    f.reloader.ask();
    await soon(() => f.outcomes).toEqual(["applied", "applied", "unchanged"]);
    expect(f.lines.at(-1)).toEqual({ level: "info", event: "configuration_unchanged" });
  });

  it("often while one is being taken is one more reading, and the last file wins", async () => {
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const f = start({
      apply: async () => {
        begun += 1;
        await gate.promise;
      },
    });
    f.write({ log: { level: "debug" } });
    await soon(() => begun).toBe(1);
    f.write({ log: { level: "trace" } });
    for (let index = 0; index < 50; index++) f.reloader.ask();
    await sleep(aWhileMs);
    expect(begun).toBe(1);
    gate.resolve();
    await soon(f.levels).toEqual(["debug", "trace"]);
    await sleep(aWhileMs);
    expect(f.outcomes.filter((outcome) => outcome === "applied")).toHaveLength(2);
    expect(f.outcomes.length).toBeLessThan(4);
  });

  it("without a file is said, and does nothing", async () => {
    const development = loadConfig({ env: {} });
    if (!development.ok) throw new Error("development mode is not good");
    const lines: object[] = [];
    const note = (line: object) => void lines.push(line);
    const fail = () => Promise.reject(new Error("nothing to apply"));
    const logger = { info: note, warn: note, error: note };
    const reloader = startReloading({ started: development, load: () => development, apply: fail, logger });
    onTestFinished(() => reloader.stop());
    reloader.ask();
    await soon(() => lines).toEqual([expect.objectContaining({ event: "configuration_unchanged" })]);
  });

  it("after the stop takes nothing", async () => {
    const f = start();
    await f.firstLook();
    f.reloader.stop();
    f.write({ log: { level: "debug" } });
    f.reloader.ask();
    await sleep(aWhileMs);
    expect(f.outcomes).toEqual([]);
  });
});
