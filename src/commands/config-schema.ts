import { parseArgs } from "node:util";
import { type Command, exitCodes } from "./command.ts";

export const configSchema: Command = {
  usage: "config-schema",
  summary: "Print the JSON Schema of the configuration file, for editors.",
  async run(args, io) {
    parseArgs({ args: [...args] });
    const { jsonSchema } = await import("../config/json-schema.ts");
    io.stdout(`${JSON.stringify(jsonSchema(), undefined, 2)}\n`);
    return exitCodes.done;
  },
};
