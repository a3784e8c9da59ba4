import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { runCommand } from "../../src/commands/run-command.ts";
import { hashKey, isKeyWhole } from "../../src/rpc/auth.ts";
import { production } from "../config/production.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-commands-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const written = { stdout: "", stderr: "" };
  const write = (stream: "stdout" | "stderr") => (text: string) => {
    written[stream] += text;
  };
  const code = await runCommand(args, { stdout: write("stdout"), stderr: write("stderr"), env });
  return { code, ...written };
}

function configFile(document: object): string {
  const file = join(folder, "countersign.yaml");
  writeFileSync(file, stringify(document));
  return file;
}

test("check-config says that a good file is good, and of what", async () => {
  const file = configFile(production());
  const good = { code: 0, stdout: `${file} is good: 1 application; 1 key; email by mail; store sqlite.\n`, stderr: "" };
  expect(await run(["check-config", file])).toEqual(good);
  expect(await run(["check-config"], { COUNTERSIGN_CONFIG: file })).toEqual(good);
});

test("check-config tells every problem, one a line, and fails", async () => {
  const file = configFile({ ...production(), log: { level: "x" }, lgo: {} });
  const { code, stdout, stderr } = await run(["check-config", file], { COUNTERSIGN_HTTP_ADDR: "nowhere" });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.trim().split("\n")).toEqual([
    expect.stringMatching(/^listen\.http \(COUNTERSIGN_HTTP_ADDR\) is not an address/),
    expect.stringMatching(/^log\.level cannot be used/),
    expect.stringMatching(/^lgo is unknown: .*did you mean log\?$/),
    `${file}: 3 problems.`,
  ]);
});

test.for([
  [["check-config"], "Name the file to check."],
  [["check-config", "a", "b"], "Name one file."],
  [["check-config", "--fiel", "x"], "Unknown option '--fiel'"],
  [["make-key", "--kind", "robot"], "--kind is service or browser."],
  [["make-key", "--application", "No Such"], "--application is an id"],
  [["make-secret", "5"], "Unexpected argument '5'"],
  [["chek-config"], 'There is no command "chek-config"; did you mean check-config? The command help lists all.'],
  [["--port"], 'There is no command "--port"'],
  [["constructor"], 'There is no command "constructor"'],
] as const)("%j is misuse: exit code 2 and a hint", async ([args, hint]) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout, hint: stderr.slice(0, hint.length) }).toEqual({ code: 2, stdout: "", hint });
});

test("make-key prints a key once, and its hash for the configuration", async () => {
  const { code, stdout } = await run(["make-key", "--application", "shop", "--kind", "browser"]);
  const [key = ""] = /^cs_\S+$/m.exec(stdout) ?? [];
  expect(code).toBe(0);
  expect(isKeyWhole(key)).toBe(true);
  expect(stdout).toContain(`hash: sha256:${hashKey(key)}`);
  expect(stdout).toContain("kind: browser");
  expect(stdout).toContain("application shop");
  expect((await run(["make-key"])).stdout).not.toContain(key);
});

test("what make-key and make-secret print is what a configuration takes", async () => {
  const document = production();
  const [hash = ""] = /sha256:[0-9a-f]{64}/.exec((await run(["make-key"])).stdout) ?? [];
  Object.assign(document.applications[0] ?? {}, { keys: [{ id: "k", hash }] });
  document.secrets.ledgerKey = (await run(["make-secret"])).stdout.trim();
  expect((await run(["check-config", configFile(document)])).code).toBe(0);
});

test("config-schema prints a JSON Schema with descriptions, in which secrets may stand elsewhere", async () => {
  const schema = JSON.parse((await run(["config-schema"])).stdout);
  expect(schema.$schema).toMatch(/^https:\/\/json-schema\.org\//);
  expect(Object.keys(schema.properties)).toEqual([
    "listen",
    "store",
    "secrets",
    "proofs",
    "cors",
    "log",
    "applications",
    "providers",
    "channels",
    "circuitBreaker",
    "trustedProxies",
    "sendLimits",
    "receipts",
    "captchas",
    "lookups",
    "lookupCache",
    "pumping",
    "prices",
  ]);
  expect(schema.additionalProperties).toBe(false);
  const application = schema.properties.applications.items;
  expect(application.properties.code.properties.length).toMatchObject({
    minimum: 4,
    maximum: 10,
    default: 6,
    description: expect.any(String),
  });
  expect(application.required).toEqual(["id", "displayName", "purposes", "channels"]);
  expect(schema.properties.secrets.properties.ledgerKey.anyOf.map((option: { required?: string[] }) => option.required)).toEqual([
    undefined,
    ["file"],
    ["env"],
  ]);
  expect(JSON.stringify(schema.properties.providers)).not.toContain("inbox");
});

test("help lists every command, and every command explains itself", async () => {
  const { code, stdout } = await run(["help"]);
  expect(code).toBe(0);
  for (const name of ["check-config", "config-schema", "make-key", "make-secret", "preview"]) {
    expect(stdout).toContain(`  ${name}`);
    expect((await run([name, "--help"])).stdout).toMatch(new RegExp(`^countersign ${name}`));
  }
  expect((await run(["--help"])).stdout).toBe(stdout);
});

test("--version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});
