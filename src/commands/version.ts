import { readFileSync } from "node:fs";
import { exitCodes, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const version = defineCommand({
  name: "version",
  group: "About the command",
  summary: "Print the version.",
  options: { json: jsonOption },
  json: "`{version, node}`: of Countersign, and of the Node.js that runs it.",
  examples: ["version"],
  async run({ options: { json } }, io) {
    const own = ownVersion();
    io.stdout(`${json ? JSON.stringify({ version: own, node: process.versions.node }) : own}\n`);
    return exitCodes.done;
  },
});

function ownVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown";
}
