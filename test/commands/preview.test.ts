import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { runCommand } from "../../src/commands/run-command.ts";
import { anApplication, production } from "../config/production.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-preview-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "countersign.yaml");
const templates = [
  { channel: "sms", locale: "de", text: "{code} für {app}’s Kasse" },
  { channel: "sms", locale: "en", purpose: "payment", text: "{code} for {details} at {shop}", variables: { shop: 9 } },
  { channel: "email", locale: "en", subject: "For {app}", text: "{code}", fromName: "Payments" },
];
const twilio = { kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "t", from: "+15551234567" };
const autofill = { androidAppHashes: ["FA+9qCX9VSu"], webOrigins: ["shop.example"] };
const document = {
  ...production(),
  applications: [
    { ...anApplication("shop"), channels: ["sms", "voice", "email"], wording: { templates }, autofill },
    { ...anApplication("bank"), purposes: ["login"], code: { length: 8, alphabet: "alphanumeric" }, defaultLocale: "ar" },
  ],
  providers: { ...production().providers, t: twilio },
  channels: { email: ["mail"], sms: ["t"], voice: ["t"] },
};
writeFileSync(file, stringify(document));

async function run(...args: string[]) {
  const written = { stdout: "", stderr: "" };
  const write = (stream: "stdout" | "stderr") => (text: string) => {
    written[stream] += text;
  };
  const code = await runCommand(["preview", ...args], { stdout: write("stdout"), stderr: write("stderr"), env: {} });
  return { code, ...written };
}

test("prints a message as it is sent, and what it costs", async () => {
  expect(await run(file, "--application", "shop", "--channel", "sms", "--purpose", "login")).toEqual({
    code: 0,
    stdout: `shop · login · sms · en (built-in text)
  482913 is your Shop code. It expires in 5 minutes. Never share it.
  [GSM-7: 66 septets, 160 a segment: 1 segment; 66 bytes]

shop · login · sms · de (application text)
  482913 für Shop’s Kasse
  [UCS-2, because of "’": 23 16-bit units, 70 a segment: 1 segment; 26 bytes]
`,
    stderr: "",
  });
});

test("takes values for what is bound and what is needed, and samples for what is not given", async () => {
  const payment = [file, "--channel", "sms", "--purpose", "payment", "--locale", "en-GB"];
  expect((await run(...payment)).stdout).toContain("482913 for amount 1,234.56 EUR, payee Example Payee Ltd at shop\n");
  const given = await run(...payment, "--binding", "amount=5 EUR", "--variable", "shop=a=b", "--autofill");
  expect(given.stdout).toContain("482913 for amount 5 EUR at a=b\n  FA+9qCX9VSu\n  @shop.example #482913\n");
});

test("tells what would be refused, and fails", async () => {
  const refused = await run(file, "--channel", "sms", "--purpose", "payment", "--locale", "en", "--variable", "shop=evil.example");
  expect(refused).toMatchObject({ code: 1, stderr: "" });
  expect(refused.stdout).toBe(
    'shop · payment · sms · en\n  refused: template_variables["shop"]: at most 9 characters, please; these are 12\n',
  );
});

test("prints calls and emails", async () => {
  const { stdout } = await run(file, "--application", "shop", "--purpose", "login", "--locale", "en");
  expect(stdout).toContain("Your Shop code is: (the code, digit by digit) It expires in 5 minutes. Never share it.\n  [said 2 times]\n");
  expect(stdout).toContain("shop · login · email · en (application text)\n  From: Payments\n  Subject: For Shop\n\n  482913\n");
});

test("prints JSON, and writes the HTML of one email", async () => {
  const html = join(folder, "mail.html");
  const { code, stdout } = await run(file, "--application", "bank", "--json", "--html", html);
  expect(code).toBe(0);
  const [mail, ...others] = JSON.parse(stdout);
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ application: "bank", channel: "email", purpose: "login", locale: "ar", source: "built-in" });
  expect(mail.text).toContain("H7KQ3XW9");
  expect(readFileSync(html, "utf8")).toBe(mail.html);
});

test("goes through every application, purpose, channel and language", async () => {
  const { stdout } = await run(file);
  const titles = stdout.split("\n").filter((line) => line.includes(" · "));
  expect(titles).toHaveLength(2 + 1 + 1 + 2 + 1 + 1 + 1);
  expect(new Set(titles).size).toBe(titles.length);
});

test("previews development mode without a file", async () => {
  expect((await run("--channel", "sms", "--locale", "ja")).stdout).toContain("482913 はCountersign Devの認証コードです。");
});

test.for([
  [
    [file, "--channel", "fax"],
    /^No message is like that\. Applications with their purposes and channels: shop \(login,payment; sms,voice,email\); bank/,
  ],
  [[file, "--locale", "e"], /^--locale is a BCP 47 language tag/],
  [[file, "--binding", "amount"], /^--binding is NAME=VALUE\./],
  [[file, "--html", join(folder, "x.html")], /^--html writes one email, and these are 3/],
  [[file, "--application", "bank", "--html", join(folder, "no", "x.html")], /^--html: the file cannot be written: ENOENT/],
  [[file, "b"], /^Unexpected argument 'b'/],
  [[file, "--fiel"], /^Unknown option '--fiel'/],
] as const)("%j is misuse", async ([args, hint]) => {
  expect(await run(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(hint) });
});

test("a bad configuration is told, not previewed", async () => {
  const bad = join(folder, "bad.yaml");
  writeFileSync(
    bad,
    stringify({ ...document, applications: [{ ...anApplication("shop"), wording: { templates: [{ ...templates[2], text: "{cod}" }] } }] }),
  );
  const { code, stdout, stderr } = await run(bad);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain("applications[0].wording.templates[0].text has {cod}, which is unknown");
});
