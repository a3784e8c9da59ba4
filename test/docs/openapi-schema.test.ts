import { execFileSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { mustRun } from "../../examples/run-program.ts";
import { install } from "../../examples/stage.ts";
import { prepareAll } from "../examples/prepared.ts";

const document = readFileSync(new URL("../../docs/openapi.yaml", import.meta.url), "utf8");

/** The validator is no dependency of the project: it is fetched once, into the cache of the examples. */
const validator = {
  probe: ["npm", "--version"] as const,
  prepare: () =>
    install("openapi-validator", "test/docs/openapi-validator", async (folder) => {
      cpSync(fileURLToPath(new URL("openapi-validator", import.meta.url)), folder, { recursive: true });
      await mustRun(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
    }),
};
const [prepared] = await prepareAll({ "OpenAPI validator": validator });

const validate = (text: string): { valid: boolean; version: string; errors?: unknown } =>
  JSON.parse(execFileSync(process.execPath, [join(prepared?.folder ?? "", "validate.js")], { input: text, encoding: "utf8" }));

test.skipIf(!prepared?.folder)("docs/openapi.yaml is OpenAPI 3.1 by its official schema, which notices what is not", () => {
  expect(validate(document)).toEqual({ valid: true, version: "3.1" });
  expect(validate(document.replace("      operationId: CodeService_SendCode\n", "      operationId: 12\n")).valid).toBe(false);
});
