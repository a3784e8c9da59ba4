import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { type Command, exitCodes } from "./command.ts";

export const makeSecret: Command = {
  usage: "make-secret",
  summary: "Print 32 random bytes in Base64, for secrets.ledgerKey or one of secrets.codeKeys.",
  async run(args, io) {
    parseArgs({ args: [...args] });
    io.stdout(`${randomBytes(32).toString("base64")}\n`);
    return exitCodes.done;
  },
};
