import { z } from "zod";
import { isSecret } from "./forms.ts";
import { fileSettings } from "./settings.ts";

/** The form of the configuration file as JSON Schema; how settings fit together is for check-config to say. */
export function jsonSchema(): object {
  return z.toJSONSchema(fileSettings, {
    io: "input",
    override({ zodSchema, jsonSchema: schema }) {
      if (!isSecret(zodSchema)) return;
      const { description, secret: _, ...text } = schema;
      for (const name of Object.keys(schema)) delete schema[name];
      Object.assign(schema, { description, anyOf: [text, reference("file"), reference("env")] });
    },
  });
}

const reference = (from: "file" | "env") => ({
  type: "object",
  properties: { [from]: { type: "string" } },
  required: [from],
  additionalProperties: false,
});
