import { exitCodes } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const configSchema = defineCommand({
  name: "config-schema",
  group: "Write a configuration",
  summary: "Print the JSON Schema of the configuration, for editors.",
  examples: ["config-schema > countersign.schema.json"],
  async run(_given, io) {
    const { jsonSchema } = await import("../config/json-schema.ts");
    io.stdout(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
    return exitCodes.done;
  },
});
