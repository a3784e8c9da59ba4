import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { aSecret, load, loadGood, problemsOf, production, temporaryFolder, writeConfig } from "./production.ts";

function withLedgerKey(content: string, mode = 0o600) {
  const file = join(temporaryFolder(), "ledger-key");
  writeFileSync(file, content, { mode });
  const document = production();
  document.secrets.ledgerKey = { file };
  return { file, document };
}

test("a secret is a text, a file without the newline at its end, or a variable of any name", () => {
  const [ledgerKey, codeKey] = [aSecret(), aSecret()];
  const { document } = withLedgerKey(`${ledgerKey}\r\n`);
  document.secrets.codeKeys = [{ id: "a", secret: { env: "COUNTERSIGN_CODE_KEY" } }];
  const { secrets } = loadGood(document, { COUNTERSIGN_CODE_KEY: codeKey });
  expect(Buffer.from(secrets.ledgerKey).toString("base64")).toBe(ledgerKey);
  expect(Buffer.from(secrets.codeKeys[0]?.secret ?? []).toString("base64")).toBe(codeKey);
});

test("a relative path starts at the folder of the configuration", () => {
  const document = production();
  document.secrets.ledgerKey = { file: "ledger-key" };
  const file = writeConfig(document);
  writeFileSync(join(dirname(file), "ledger-key"), aSecret(), { mode: 0o600 });
  expect(loadConfig({ env: {}, file })).toMatchObject({ ok: true, warnings: [] });
});

test("passwords of providers and the store's URL may stand elsewhere too", () => {
  const document = production();
  document.store.url = { env: "STORE" };
  Object.assign(document.providers.mail ?? {}, { auth: { user: "u", password: { env: "SMTP_PASSWORD" } } });
  const config = loadGood(document, { STORE: "mongodb://u:p@h/c", SMTP_PASSWORD: "12345" });
  expect(config.store).toEqual({ kind: "mongodb", url: "mongodb://u:p@h/c" });
  expect(config.providers.mail).toMatchObject({ auth: { password: "12345" } });
});

test("what is no secret cannot stand elsewhere", () => {
  const document = { ...production(), log: { level: { env: "LEVEL" } } };
  expect(problemsOf(document, { LEVEL: "info" })).toEqual([expect.stringMatching(/^log\.level is a group of settings: write one of/)]);
});

test("a secret file that every user can read is a warning, because containers mount them so", () => {
  const { document, file } = withLedgerKey(aSecret(), 0o644);
  expect(load(document)).toMatchObject({
    ok: true,
    warnings: [
      { setting: "secrets.ledgerKey", message: `comes from the file ${file}, which every user of this machine can read: chmod 600 it` },
    ],
  });
});

test.for<[string, unknown, RegExp]>([
  [
    "a file that is not there",
    { file: "/nowhere/key" },
    /^secrets\.ledgerKey is to come from the file \/nowhere\/key, which does not exist/,
  ],
  ["a variable that is not set", { env: "NOT_SET" }, /^secrets\.ledgerKey is to come from the variable NOT_SET, which is not set$/],
  ["no secret at all", null, /^secrets\.ledgerKey is empty: write at least 32 random bytes in Base64/],
  ["a number", 12345678901234567890n, /^secrets\.ledgerKey is a number to YAML, not a text/],
  ["two sources", { file: "a", env: "b" }, /^secrets\.ledgerKey is a group of settings/],
  ["too short", Buffer.alloc(31, "0123456789abcdefghijklmnopqrstuv").toString("base64"), /^secrets\.ledgerKey is only 31 bytes long/],
  ["not Base64", "Tr0ub4dor&3", /^secrets\.ledgerKey is not Base64/],
  ["a pattern", Buffer.alloc(32, "abc").toString("base64"), /^secrets\.ledgerKey is a pattern and not random/],
  ["the sample's placeholder", "replace by what make-secret prints", /^secrets\.ledgerKey is still the placeholder/],
  ["development's own", "DEV", /^secrets\.ledgerKey is the one of development mode, which everybody knows/],
])("%s is refused by the setting's name, its value never shown", ([, value, problem]) => {
  const development = loadConfig({ env: {} });
  const known = development.ok ? Buffer.from(development.config.secrets.ledgerKey).toString("base64") : "";
  const document = production();
  document.secrets.ledgerKey = value === "DEV" ? known : value;
  const problems = problemsOf(document);
  expect(problems).toEqual([expect.stringMatching(problem)]);
  if (typeof value !== "object") expect(problems.join()).not.toContain(String(value === "DEV" ? known : value));
});

test.for(["", "\n"])("an empty secret file is refused", (content) => {
  const { document, file } = withLedgerKey(content);
  expect(problemsOf(document)).toEqual([`secrets.ledgerKey is to come from the file ${file}, which is empty`]);
});

test("one secret for two uses, and two code keys of one id", () => {
  const document = production();
  const secret = aSecret();
  document.secrets = {
    ledgerKey: secret,
    codeKeys: [
      { id: "a", secret: aSecret() },
      { id: "a", secret: secret.replace(/=+$/, "") },
    ],
  };
  expect(problemsOf(document)).toEqual([
    "secrets.codeKeys[1].id is the id of another code key: each needs its own",
    "secrets.codeKeys[1].secret is the same as another secret: write what make-secret prints",
  ]);
});

test("no problem of any setting repeats a secret", () => {
  const document = production();
  document.store.url = "mongodb://u:s3cret@host";
  document.secrets.ledgerKey = "s3cret";
  Object.assign(document.providers.mail ?? {}, { auth: { user: "u", password: "s3cret\u0000", s3cret: 1 }, pasword: "s3cret" });
  const loaded = load(document);
  const lines = loaded.ok ? [] : loaded.problems.filter(({ setting }) => !setting.endsWith(".s3cret")).map(formatProblem);
  expect(lines).toHaveLength(4);
  expect(lines.join("\n")).not.toContain("s3cret");
});
