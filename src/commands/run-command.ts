import { readFileSync } from "node:fs";
import { guess } from "../config/problem.ts";
import { block, blocks, unblock } from "./block-commands.ts";
import { checkConfig } from "./check-config.ts";
import { type Command, type CommandIo, exitCodes, UsageError } from "./command.ts";
import { configSchema } from "./config-schema.ts";
import { makeKey } from "./make-key.ts";
import { makeProofKey } from "./make-proof-key.ts";
import { makeSecret } from "./make-secret.ts";
import { preview } from "./preview.ts";
import { erase, lock, unlock } from "./recipient-commands.ts";
import { reencrypt } from "./reencrypt-command.ts";

const commands: Readonly<Record<string, Command>> = {
  "check-config": checkConfig,
  "config-schema": configSchema,
  "make-key": makeKey,
  "make-proof-key": makeProofKey,
  "make-secret": makeSecret,
  preview,
  reencrypt,
  lock,
  unlock,
  erase,
  blocks,
  block,
  unblock,
};

/** Everything but serving: runs one command and resolves to the exit code. */
export async function runCommand([name = "help", ...args]: readonly string[], io: CommandIo): Promise<number> {
  if (["help", "--help", "-h"].includes(name)) return say(io, help());
  if (["--version", "-v"].includes(name)) return say(io, `${version()}\n`);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const meant = guess(name, Object.keys(commands));
    io.stderr(
      `There is no command ${JSON.stringify(name)}${meant === undefined ? "" : `; did you mean ${meant}?`} The command help lists all.\n`,
    );
    return exitCodes.misused;
  }
  if (args.includes("--help") || args.includes("-h")) return say(io, `countersign ${command.usage}\n\n${command.summary}\n`);
  return runChecked(command, args, io);
}

async function runChecked(command: Command, args: readonly string[], io: CommandIo): Promise<number> {
  try {
    return await command.run(args, io);
  } catch (error) {
    if (!isMisuse(error)) throw error;
    io.stderr(`${error.message}\nUsage: countersign ${command.usage}\n`);
    return exitCodes.misused;
  }
}

/** Ours, or one of node:util's parseArgs. */
const isMisuse = (error: unknown): error is Error =>
  error instanceof UsageError || (error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));

function say(io: CommandIo, text: string): number {
  io.stdout(text);
  return exitCodes.done;
}

function help(): string {
  const rows = [
    ["(nothing)", "Serve, as the environment says: development mode, or with the file that COUNTERSIGN_CONFIG names."],
    ...Object.values(commands).map(({ usage, summary }) => [usage, summary]),
    ["--version", "Print the version."],
  ];
  const lines = rows.map(([usage, summary]) => `  ${usage}\n      ${summary}`);
  return `countersign sends one-time codes and verifies them.\n\nUsage: node src/main.ts [COMMAND]\n\n${lines.join("\n")}\n`;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
}
