/** Runs a .http file as the REST Client of VS Code does: variables, named requests, `{{name.response.body.$.path}}`, `{{$guid}}`. */
import { randomUUID } from "node:crypto";

export type HttpAnswer = { readonly status: number; readonly body: unknown };

/** Asks everything in the order of the file; `overrides` replace its variables. Gives the answers by name. */
export async function runHttpFile(text: string, overrides: Readonly<Record<string, string>>): Promise<Record<string, HttpAnswer>> {
  const [head = "", ...blocks] = text.split(/^###.*$/m);
  const variables = { ...readVariables(head), ...overrides };
  const answers: Record<string, HttpAnswer> = {};
  for (const block of blocks) {
    const name = /^# @name (\w+)$/m.exec(block)?.[1];
    if (!name) throw new Error(`a request has no name: ${block}`);
    answers[name] = await ask(fill(block, variables, answers));
  }
  return answers;
}

const readVariables = (head: string): Record<string, string> =>
  Object.fromEntries([...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, value]) => [name, value]));

function fill(block: string, variables: Readonly<Record<string, string>>, answers: Readonly<Record<string, HttpAnswer>>): string {
  return block.replace(/\{\{(.+?)\}\}/g, (whole, expression: string) => {
    if (expression === "$guid") return randomUUID();
    const [, name = "", path] = /^(\w+)\.response\.body\.\$(.+)$/.exec(expression) ?? [];
    const value = path ? at(answers[name]?.body, path) : variables[expression];
    if (value === undefined) throw new Error(`${whole} is nothing`);
    return value;
  });
}

const at = (body: unknown, path: string): string | undefined =>
  path.match(/\w+/g)?.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], body) as string | undefined;

async function ask(block: string): Promise<HttpAnswer> {
  const lines = block.split("\n").filter((line) => !line.startsWith("#"));
  const start = lines.findIndex((line) => line !== "");
  const [method, url = ""] = (lines[start] ?? "").split(" ");
  const end = lines.indexOf("", start);
  const headers = lines.slice(start + 1, end).map((line) => line.split(": ") as [string, string]);
  const body = lines.slice(end).join("\n").trim();
  const response = await fetch(url, { method, headers, ...(body && { body }) });
  return { status: response.status, body: await response.json() };
}
