import { expect, test } from "vitest";
import { parse } from "yaml";
import { runCommand } from "../../src/commands/run-command.ts";
import { loadGood, production } from "../config/production.ts";

async function run(...args: string[]) {
  const printed = { stdout: "", stderr: "" };
  const write = (to: keyof typeof printed) => (text: string) => {
    printed[to] += text;
  };
  const code = await runCommand(["make-proof-key", ...args], { stdout: write("stdout"), stderr: write("stderr"), env: {} });
  return { code, ...printed };
}

test.each([
  [[], "ES256", "ec"],
  [["--algorithm", "ES256"], "ES256", "ec"],
  [["--algorithm", "EdDSA"], "EdDSA", "ed25519"],
] as const)("prints an entry that configuration takes: %j", async (args, algorithm, type) => {
  const { code, stdout, stderr } = await run(...args);
  const keys = parse(stdout).map((key: object) => ({ ...key, status: "current" }));
  expect([code, stderr, parse(stdout)[0].status]).toEqual([0, "", "next"]);
  const [key] = loadGood({ ...production(), proofs: { issuer: "https://otp.example.com", keys } }).proofs?.keys ?? [];
  expect([key?.algorithm, key?.privateKey.asymmetricKeyType]).toEqual([algorithm, type]);
});

test("makes another key every time", async () => {
  const [first, second] = [await run(), await run()].map(({ stdout }) => parse(stdout)[0]);
  expect(first.id).not.toBe(second.id);
  expect(first.privateKey).not.toBe(second.privateKey);
});

test("prints the same as JSON", async () => {
  const { stdout } = await run("--json");
  const entry = { ...JSON.parse(stdout), status: "current" };
  expect(loadGood({ ...production(), proofs: { issuer: "https://otp.example.com", keys: [entry] } }).proofs?.keys[0]?.algorithm).toBe(
    "ES256",
  );
});

test("knows no other algorithm", async () => {
  expect(await run("--algorithm", "HS256")).toEqual({
    code: 2,
    stdout: "",
    stderr: "--algorithm is ES256 or EdDSA.\nUsage: countersign make-proof-key [--algorithm ES256|EdDSA] [--json]\n",
  });
});
