import type { Environment } from "../config/environment.ts";
import type { Operand, Options } from "./read-arguments.ts";

/** What the process gives to its commands. */
export type ProcessIo = {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Environment;
  /** Where a person is watching. */
  readonly terminal?: NodeJS.WritableStream | undefined;
  readonly stdin?: NodeJS.ReadableStream | undefined;
  /** Runs the service with this environment until it is stopped. */
  readonly serve?: (env: Environment) => Promise<number>;
  /** Aborts at a Ctrl-C, or when nobody reads what is printed any more. Who asks for it ends by itself then; who does not is ended. */
  readonly interrupted?: () => AbortSignal;
};

/** What a command may touch. */
export type CommandIo = ProcessIo & {
  /** Tells what went wrong, in the form that was asked for, and gives the exit code. */
  readonly fail: (message: string, problems?: readonly object[]) => number;
};

/** In the order of help. */
export const groups = [
  "Run the service",
  "Write a configuration",
  "Make secrets and keys",
  "Help a recipient",
  "Stop fraud",
  "Look after the store",
  "Measure",
  "About the command",
] as const;

export type Description = {
  readonly name: string;
  readonly group: (typeof groups)[number];
  /** One sentence, for the list. */
  readonly summary: string;
  /** More of it, for `--help` and the reference. */
  readonly details?: string;
  readonly operands?: readonly Operand[];
  /** What `--json` prints. */
  readonly json?: string;
  /** When the exit code is 1. */
  readonly fails?: string;
  /** What a Ctrl-C leaves behind, where the command then ends by itself, with 130. */
  readonly interrupts?: string;
  /** Of the environment, what it reads besides the settings. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Without the name of the program. */
  readonly examples: readonly string[];
};

export type Command = Description & {
  readonly options: Options;
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>;
};

/** The same for every command; `interrupted` as shells tell a Ctrl-C. */
export const exitCodes = { done: 0, failed: 1, misused: 2, interrupted: 130 } as const;

export const jsonOption = { about: "Print JSON, and tell failures as JSON." } as const;
export const configOption = { value: "FILE", file: true, about: "The configuration, instead of what COUNTERSIGN_CONFIG names." } as const;

/** Arguments that a command does not understand. */
export class UsageError extends Error {
  override name = "UsageError";
}
