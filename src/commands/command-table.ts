import { guess } from "../config/problem.ts";
import { backup, restore } from "./backup-commands.ts";
import { block, blocks, unblock } from "./block-commands.ts";
import { checkConfig } from "./check-config.ts";
import type { Command } from "./command.ts";
import { completion } from "./completion.ts";
import { configSchema } from "./config-schema.ts";
import { hashKey } from "./hash-key.ts";
import { health } from "./health.ts";
import { helpCommand } from "./help-command.ts";
import { makeKey } from "./make-key.ts";
import { makeProofKey } from "./make-proof-key.ts";
import { makeSecret } from "./make-secret.ts";
import { preview } from "./preview.ts";
import { bench, simulate } from "./program-commands.ts";
import { erase, lock, unlock } from "./recipient-commands.ts";
import { reencrypt } from "./reencrypt-command.ts";
import { dev, serve } from "./serve-commands.ts";
import { trace } from "./trace.ts";
import { version } from "./version.ts";

/** Help, completion and the reference are made from it. Within a group, in this order. */
export const commands: readonly Command[] = [
  dev,
  serve,
  health,
  checkConfig,
  configSchema,
  preview,
  makeSecret,
  makeKey,
  hashKey,
  makeProofKey,
  trace,
  lock,
  unlock,
  erase,
  blocks,
  block,
  unblock,
  reencrypt,
  backup,
  restore,
  simulate,
  bench,
  completion,
  version,
  helpCommand,
];

export const findCommand = (name: string): Command | undefined => commands.find((command) => command.name === name);

export function unknownCommand(name: string): string {
  const meant = guess(
    name,
    commands.map((command) => command.name),
  );
  return `There is no command ${JSON.stringify(name)}${meant === undefined ? "." : `; did you mean ${meant}?`} The command help lists all.`;
}
