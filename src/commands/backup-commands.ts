import { configOption, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const backup = defineCommand({
  name: "backup",
  group: "Look after the store",
  summary: "Copy the store into a file, while the service runs.",
  details:
    "The file is one that only its owner may read, holds neither codes nor keys, and is never overwritten. Of SQLite it is the store as it is at one moment; of MongoDB it has every document as a majority has it. Whatever was acknowledged before is in it.",
  operands: [{ name: "FILE", about: "The file to write, which must not be there.", file: true }],
  options: { config: configOption, json: jsonOption },
  json: "`{file, at, ledgers, codeKeys, authenticatorKeys, ledgerKey}`; the keys by their ids, `ledgerKey` by a fingerprint.",
  fails: "The file is there, the disk is full, or the store cannot be read.",
  examples: ["backup countersign-backup.db --config countersign.yaml"],
  async run({ operands: [file], options: { json } }, io) {
    const { runBackup } = await import("./run-backup.ts");
    return runBackup(file ?? "", json, io);
  },
});

export const restore = defineCommand({
  name: "restore",
  group: "Look after the store",
  summary: "Make the store from a backup.",
  details:
    "The store must not be there yet (SQLite), or be empty (MongoDB). What was consumed since the backup would be consumable again, so open challenges are cancelled, the codes that authenticator apps show now are passed over, and recovery codes and hardware tokens are dropped. Limits, locks and failures stay as they were.",
  operands: [{ name: "FILE", about: "What the command backup wrote.", file: true }],
  options: {
    "keep-tokens": {
      about: "Keep recovery codes and hardware tokens. Those of their codes that were used since the backup verify again.",
    },
    config: configOption,
    json: jsonOption,
  },
  json: "`{at, ledgers, canceled: {challenges, hotp, recoveryCodes}}`.",
  fails: "The file is damaged or from a newer version, a key is missing, or the store is not empty.",
  examples: ["restore countersign-backup.db --config countersign.yaml"],
  async run({ operands: [file], options }, io) {
    const { runRestore } = await import("./run-backup.ts");
    return runRestore({ from: file ?? "", keepTokens: options["keep-tokens"], json: options.json }, io);
  },
});
