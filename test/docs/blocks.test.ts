import { describe, expect, test } from "vitest";
import { codeOf, open } from "../process/calls.ts";
import { type Service, startService } from "../process/service.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { notRun } from "./blocks-not-run.ts";
import { type Fence, type Page, readPage, readPages } from "./markdown-files.ts";
import { openTerminal } from "./run-blocks.ts";
import { differences, parseShown, replacements } from "./shape.ts";

const isShell = ({ info }: Fence): boolean => /^(sh|bash|shell|console)\b/.test(info);
const reasonOf = ({ path }: Page, { info, text }: Fence): string | undefined =>
  / no-run (.+)/.exec(info)?.[1] ?? notRun.find(([page, begins]) => page === path && text.startsWith(begins))?.[2];

const pages = readPages();
const toRun = pages.filter((page) => page.fences.some((fence) => isShell(fence) && reasonOf(page, fence) === undefined));

/** The blocks of a page in one terminal, against a service of its own; resolves to what went wrong. */
async function runPage(page: Page): Promise<string[]> {
  const service = page.text.includes("127.0.0.1:8080") ? await startService() : undefined;
  const terminal = openTerminal(page.text.includes("$PROOF") && service ? { PROOF: await makeProof(service) } : {});
  const known = new Map(service && [["127.0.0.1:8080", service.http] as const, ["127.0.0.1:50051", service.grpc] as const]);
  const problems: string[] = [];
  for (const [at, fence] of page.fences.entries()) {
    if (!isShell(fence) || reasonOf(page, fence) !== undefined) continue;
    const ran = await terminal.run({ ...fence, text: [...known].reduce((text, [from, to]) => text.replaceAll(from, to), fence.text) });
    const where = `${page.path}:${fence.line}`;
    if (ran.exit !== 0) problems.push(`${where} ends with ${ran.exit}: ${ran.stderr || ran.stdout}`);
    const next = page.fences[at + 1];
    if (next?.info === "json") problems.push(...compare(where, next, ran.stdout, known));
    else if (isError(ran.stdout)) problems.push(`${where} is refused: ${ran.stdout}`);
  }
  await service?.stop();
  return problems;
}

function compare(where: string, { text }: Fence, stdout: string, known: Map<string, string>): string[] {
  if (!/^[[{]/.test(stdout)) return [`${where} answers no JSON: ${stdout}`];
  const [shown, real] = [parseShown(text), JSON.parse(stdout)];
  for (const [from, to] of replacements(shown, real)) known.set(from, to);
  return differences(shown, real).map((difference) => `${where}: ${difference}`);
}

/** curl succeeds with whatever it is answered. */
const isError = (stdout: string): boolean => /^\{"(code|error)":"/.test(stdout);

async function makeProof(service: Service): Promise<string> {
  const challengeId = await open(service.JSON, "+14155550100");
  const code = await codeOf([service], challengeId);
  return String((await mustSucceed(service.JSON, { method: "VerifyCode", request: { challengeId, code } })).proofToken);
}

describe("every shell block runs, and answers as its page shows:", () => {
  test.each(toRun.map((page) => [page.path, page] as const))("%s", async (_path, page) => {
    expect(await runPage(page)).toEqual([]);
  });
});

test("what does not run is there, and says why", () => {
  const left = pages.flatMap((page) => page.fences.filter(isShell).flatMap((fence) => reasonOf(page, fence) ?? []));
  expect(left.filter((reason) => reason.length < 20)).toEqual([]);
  const all = pages.flatMap((page) => page.fences.filter(isShell));
  expect(left.length).toBeLessThan(all.length / 2);
  const unused = notRun.filter(
    ([path, begins]) => !pages.some((page) => page.path === path && page.fences.some(({ text }) => text.startsWith(begins))),
  );
  expect(unused).toEqual([]);
  expect(toRun.map(({ path }) => path)).toEqual(expect.arrayContaining(["README.md", "docs/proof-tokens.md", "docs/start.md"]));
});

test.each([
  ["a command that fails", "```sh\nfalse\n```\n", "x.md:2 ends with 1: "],
  ["a command that fails before another", "```sh\nfalse | cat\ntrue\n```\n", "x.md:2 ends with 1: "],
  ["an answer with another name", '```sh\necho \'{"a":1}\'\n```\n\n```json\n{"b":1}\n```\n', "x.md:2: $.b is missing"],
  ["an answer that says more", '```sh\necho \'{"a":1,"b":2}\'\n```\n\n```json\n{"a":1}\n```\n', "x.md:2: $.b is not shown"],
  ["another constant", '```sh\necho \'{"a":"A_B"}\'\n```\n\n```json\n{"a":"A_C"}\n```\n', 'x.md:2: $.a is "A_B", and shown as A_C'],
  ["a refusal", '```sh\necho \'{"code":"not_found"}\'\n```\n', 'x.md:2 is refused: {"code":"not_found"}\n'],
])("%s is noticed", async (_name, text, problem) => {
  expect(await runPage(readPage("x.md", text))).toContain(problem);
});

test("later blocks see the variables and the folder of earlier ones, and what an answer was in truth", async () => {
  const text = [
    "```sh\nA=1\nmkdir sub && cd sub\n```",
    '```sh\nprintf \'{"code":"%s","more":1}\' "$A$(basename "$PWD")"\n```',
    '```json\n{"code":"123456", … }\n```',
    "```sh\n[ 123456 = 1sub ]\n```",
  ].join("\n\n");
  expect(await runPage(readPage("x.md", text))).toEqual([]);
});
