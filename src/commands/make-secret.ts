import { randomBytes } from "node:crypto";
import { exitCodes, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const makeSecret = defineCommand({
  name: "make-secret",
  group: "Make secrets and keys",
  summary: "Print 32 random bytes in Base64.",
  details: "For secrets.ledgerKey, or one of secrets.codeKeys or secrets.authenticatorKeys.",
  options: { json: jsonOption },
  json: "`{secret}`",
  examples: ["make-secret"],
  async run({ options: { json } }, io) {
    const secret = randomBytes(32).toString("base64");
    io.stdout(`${json ? JSON.stringify({ secret }) : secret}\n`);
    return exitCodes.done;
  },
});
