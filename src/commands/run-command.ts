import { type Command, type CommandIo, exitCodes, type ProcessIo, UsageError } from "./command.ts";
import { findCommand, unknownCommand } from "./command-table.ts";
import { usageLine } from "./usage.ts";

const otherNames: Readonly<Record<string, string>> = { "--help": "help", "-h": "help", "--version": "version", "-v": "version" };

/** Runs one command and resolves to the exit code. */
export async function runCommand([given = "help", ...args]: readonly string[], io: ProcessIo): Promise<number> {
  const name = Object.hasOwn(otherNames, given) ? (otherNames[given] ?? given) : given;
  const command = findCommand(name);
  const own = args.slice(0, args.includes("--") ? args.indexOf("--") : undefined);
  if (!command) return misused(io, { message: unknownCommand(name), json: own.includes("--json") });
  if (own.includes("--help") || own.includes("-h")) return runCommand(["help", command.name], io);
  return runChecked(command, { args, json: Object.hasOwn(command.options, "json") && own.includes("--json") }, io);
}

type Wanted = { readonly args: readonly string[]; readonly json: boolean };

async function runChecked(command: Command, { args, json }: Wanted, io: ProcessIo): Promise<number> {
  const fail: CommandIo["fail"] = (message, problems) => {
    io.stderr(json ? errorJson("failed", message, problems) : `${message}\n`);
    return exitCodes.failed;
  };
  try {
    return await command.run(args, { ...io, fail });
  } catch (error) {
    if (error instanceof UsageError) return misused(io, { message: error.message, json, command });
    // Without the stack and all that hangs on an error, which may hold what was sent to a store.
    return fail(`${command.name} failed: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Misuse = { readonly message: string; readonly json: boolean; readonly command?: Command };

function misused({ stderr }: ProcessIo, { message, json, command }: Misuse): number {
  const usage = command ? `${usageLine(command)}\n` : "";
  stderr(json ? errorJson("misused", message) : `${message}\n${usage}`);
  return exitCodes.misused;
}

const errorJson = (code: "failed" | "misused", message: string, problems?: readonly object[]): string =>
  `${JSON.stringify({ error: { code, message, problems } })}\n`;
