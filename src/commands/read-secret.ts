import { once } from "node:events";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { CommandIo } from "./command.ts";

/** More than any line that is meant. */
const maxLength = 4096;

/** The first line of standard input; on a terminal it is asked for, and typing it shows nothing. */
export async function readSecret(question: string, { stdin, stderr }: CommandIo): Promise<string | undefined> {
  if (!stdin) return undefined;
  return "isTTY" in stdin && stdin.isTTY === true ? askUnseen(question, stdin, stderr) : firstLine(stdin);
}

async function firstLine(stdin: NodeJS.ReadableStream): Promise<string | undefined> {
  let text = "";
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.includes("\n") || text.length > maxLength) break;
  }
  return lineOf(text.split("\n")[0] ?? "");
}

async function askUnseen(question: string, input: NodeJS.ReadableStream, stderr: CommandIo["stderr"]): Promise<string | undefined> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true });
  // After that, because until then the terminal itself shows what is typed.
  stderr(question);
  // In this mode a Ctrl-C is a key like others: readline closes.
  const [line] = await Promise.race([once(lines, "line"), once(lines, "close")]);
  lines.close();
  stderr("\n");
  return typeof line === "string" ? lineOf(line) : undefined;
}

function lineOf(text: string): string | undefined {
  const line = text.trim();
  return line === "" || line.length > maxLength ? undefined : line;
}
