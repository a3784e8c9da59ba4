import { BackupRefused, backUp, type GivenUp, type Progress, restore } from "../assemble/backups.ts";
import type { Config } from "../config/config.ts";
import { type CommandIo, exitCodes } from "./command.ts";
import { loadConfiguration } from "./load-configuration.ts";
import { createProgressView } from "./progress-view.ts";

export async function runBackup(file: string, json: boolean, io: CommandIo): Promise<number> {
  return withProgress(io, "copied", async (config, onProgress) => {
    const notes = await backUp(config, file, onProgress);
    const { at, ledgers, authenticatorKeys } = notes;
    const needed = authenticatorKeys.length > 0 ? ` and secrets.authenticatorKeys ${authenticatorKeys.join(", ")}` : "";
    const lines = [
      `${file}: ${ledgers} ledgers, with all that was acknowledged before ${at}.`,
      `To restore it needs secrets.ledgerKey as it is now${needed}: keep those apart from it.`,
    ];
    return json ? JSON.stringify({ file, ...notes }) : lines.join("\n");
  });
}

type RestoreArguments = { readonly from: string; readonly keepTokens: boolean; readonly json: boolean };

export async function runRestore({ from, keepTokens, json }: RestoreArguments, io: CommandIo): Promise<number> {
  return withProgress(io, "restored", async (config, onProgress) => {
    const { notes, givenUp } = await restore(config, { from, keepTokens, onProgress });
    if (json) return JSON.stringify({ at: notes.at, ledgers: notes.ledgers, canceled: givenUp });
    return [`${notes.ledgers} ledgers as of ${notes.at}.`, ...consequences(givenUp, { config, keepTokens })].join("\n");
  });
}

function consequences(
  { challenges, hotp, recoveryCodes }: GivenUp,
  { config, keepTokens }: { readonly config: Config; readonly keepTokens: boolean },
): string[] {
  const proofSeconds = (config.proofs?.ttlMs ?? 0) / 1000;
  return [
    `${challenges} open challenges were cancelled: whoever waits for a code asks for a new one.`,
    ...(keepTokens
      ? ["Recovery codes and hardware tokens were kept: codes of theirs that were used since the backup verify again."]
      : [`${recoveryCodes} recovery codes and ${hotp} hardware tokens were dropped: their owners need new ones.`]),
    ...(proofSeconds > 0
      ? [`Proofs that were redeemed since the backup could be redeemed again: start the service ${proofSeconds} s after the old one ended.`]
      : []),
    "What was erased since the backup is back: erase it again.",
  ];
}

type Work = (config: Config, onProgress: (progress: Progress) => void) => Promise<string>;

async function withProgress(io: CommandIo, what: string, work: Work): Promise<number> {
  const config = await loadConfiguration(io);
  if (typeof config === "number") return config;
  const view = createProgressView(io, what);
  try {
    const told = await work(config, view.show);
    view.end();
    io.stdout(`${told}\n`);
    return exitCodes.done;
  } catch (error) {
    view.end();
    if (error instanceof BackupRefused) return io.fail(error.message);
    throw error;
  }
}
