import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { hashKey, isKeyWhole } from "../../src/rpc/auth.ts";
import { production } from "../config/production.ts";
import { run } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-commands-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configFile(document: object): string {
  const file = join(folder, "countersign.yaml");
  writeFileSync(file, stringify(document));
  return file;
}

test("check-config says that a good file is good, and of what", async () => {
  const file = configFile(production());
  const good = { code: 0, stdout: `${file} is good: 1 application; 1 key; email by mail; store sqlite.\n`, stderr: "" };
  expect(await run(["check-config", file])).toEqual(good);
  expect(await run(["check-config"], { env: { COUNTERSIGN_CONFIG: file } })).toEqual(good);
});

test("check-config tells what a reload would refuse and warn of", async () => {
  const document = production();
  const running = configFile(document);
  const next = (change: object): string => {
    const file = join(folder, "next.yaml");
    writeFileSync(file, stringify({ ...document, ...change }));
    return file;
  };
  const warned = await run(["check-config", "--from", running, next({ listen: { grpc: "127.0.0.1:6000" } })]);
  expect(warned).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^warning: listen\.grpc was changed, which takes effect after a restart/),
  });
  const { code, stderr } = await run(["check-config", "--from", running, next({ secrets: production().secrets })]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^secrets\.ledgerKey is another one than before, .*\n.*secrets\.codeKeys\[0\] is another key under the id a, .*\n.*: 2 problems\.\n$/,
  );
  const unreadable = await run(["check-config", "--from", join(folder, "none.yaml"), running]);
  expect(unreadable).toMatchObject({ code: 1, stderr: expect.stringMatching(/none\.yaml does not exist.*\n.*none\.yaml: 1 problem/) });
});

test("check-config tells every problem, one a line, and fails", async () => {
  const file = configFile({ ...production(), log: { level: "x" }, lgo: {} });
  const { code, stdout, stderr } = await run(["check-config", file], { env: { COUNTERSIGN_HTTP_ADDR: "nowhere" } });
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
  [["check-config", "a", "b"], "Unexpected argument 'b'.\nUsage: countersign check-config [FILE] [--json] [--from RUNNING]\n"],
  [["preview", "--fiel", "x"], "Unknown option '--fiel'"],
  [["preview", "--chanel", "sms"], "Unknown option '--chanel'; did you mean --channel?\n"],
  [["preview", "--channel"], "--channel needs a value: --channel CHANNEL.\n"],
  [["preview", "--channel", "--html", "x"], "--channel needs a value: --channel CHANNEL.\n"],
  [["preview", "-j"], "Unknown option '-j'"],
  [["make-secret", "--json=yes"], "--json takes no value.\n"],
  [["make-secret", "--constructor"], "Unknown option '--constructor'.\n"],
  [["make-key", "--kind", "servise"], "--kind is service or browser.\n"],
  [
    ["lock", "shop"],
    "RECIPIENT is missing: A phone number with its +, an email address, or subject:ID.\nUsage: countersign lock APPLICATION RECIPIENT [--config FILE] [--json]\n",
  ],
  [["unblock", "shop", "prefx", "+1"], "KIND is one of "],
  [["block", "shop", "+234"], "Write how long: --minutes 60.\n"],
  [["completion", "tcsh"], "SHELL is one of bash, zsh, fish"],
  [["help", "blok"], 'There is no command "blok"; did you mean block? The command help lists all.\n'],
  [["block", "shop", "+234", "--minutes", "1e3"], "--minutes is a whole number, 1 to 129600.\n"],
  [["simulate", "--people", "many"], "--people is a whole number, 1 to 1000000.\n"],
  [["serve"], "Name a configuration: --config FILE, or in COUNTERSIGN_CONFIG."],
  [["dev", "--http-port", "65536"], "--http-port is a whole number, 0 to 65535.\n"],
  [["make-key", "--kind", "robot"], "--kind is service or browser."],
  [["make-key", "--application", "No Such"], "--application is an id"],
  [["make-secret", "5"], "This command takes no arguments, only options.\n"],
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
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(["listen", "store", "secrets", "applications", "prices"]));
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

test("version is that of the package", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await run(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect(JSON.parse((await run(["version", "--json"])).stdout)).toEqual({ version, node: process.versions.node });
});

test("hash-key gives what make-key put into the configuration, and refuses what is no whole key", async () => {
  const { key, entry } = JSON.parse((await run(["make-key", "--json"])).stdout);
  expect(await run(["hash-key"], { stdin: `${key}\n` })).toEqual({ code: 0, stdout: `${entry.hash}\n`, stderr: "" });
  expect(await run(["hash-key", "--json"], { stdin: key })).toEqual({
    code: 0,
    stdout: `${JSON.stringify({ hash: entry.hash })}\n`,
    stderr: "",
  });
  for (const stdin of [key.slice(0, -1), "", "\n", "x".repeat(100_000), undefined])
    expect(await run(["hash-key"], stdin === undefined ? {} : { stdin })).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^This is no whole key/),
    });
  const { code, stderr } = await run(["hash-key", key]);
  expect([code, stderr.split("\n")[0]]).toEqual([2, "This command takes no arguments, only options."]);
});
