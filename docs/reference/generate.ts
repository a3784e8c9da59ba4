/** Renews docs/reference/*.md: node docs/reference/generate.ts */
import { readFileSync, writeFileSync } from "node:fs";
import { commands } from "../../src/commands/command-table.ts";
import { jsonSchema } from "../../src/config/json-schema.ts";
import { writeApi } from "./api.ts";
import { writeCommands } from "./commands.ts";
import { loadContract } from "./contract.ts";
import { writeErrors } from "./errors.ts";
import { writeMetrics } from "./metrics.ts";
import { root } from "./root.ts";
import { writeSettings } from "./settings.ts";

/** The pages that are made of something else, by their path in the project. */
export function generateReference(): Readonly<Record<string, string>> {
  const contract = loadContract();
  const reasons = contract.get("error_reason");
  if (!reasons) throw new Error("there is no error_reason.proto");
  return {
    "docs/reference/api.md": writeApi(contract),
    "docs/reference/commands.md": writeCommands(commands),
    "docs/reference/errors.md": writeErrors(reasons),
    "docs/reference/metrics.md": writeMetrics(),
    "docs/reference/settings.md": writeSettings(jsonSchema(), readFileSync(`${root}countersign.sample.yaml`, "utf8")),
  };
}

if (import.meta.main) for (const [path, text] of Object.entries(generateReference())) writeFileSync(`${root}${path}`, text);
