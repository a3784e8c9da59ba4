import type { Environment } from "../config/environment.ts";

/** What a command may touch. */
export type CommandIo = {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly env: Environment;
  /** Where a person is watching. */
  readonly terminal?: NodeJS.WritableStream | undefined;
};

export type Command = {
  readonly usage: string;
  readonly summary: string;
  /** Resolves to the exit code. */
  readonly run: (args: readonly string[], io: CommandIo) => Promise<number>;
};

export const exitCodes = { done: 0, failed: 1, misused: 2 } as const;

/** Arguments that a command does not understand. */
export class UsageError extends Error {
  override name = "UsageError";
}
