/** Prints docs/openapi.yaml: node docs/openapi/generate.ts > docs/openapi.yaml */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { writeOpenApi } from "./document.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

export function generateOpenApi(): string {
  const buf = ["build", "proto", "--as-file-descriptor-set", "-o", "-"];
  const descriptors = execFileSync(`${root}node_modules/.bin/buf`, buf, { cwd: root, maxBuffer: 2 ** 24 });
  const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { version: string };
  return stringify(writeOpenApi(descriptors, version), { lineWidth: 140, aliasDuplicateObjects: false });
}

if (import.meta.main) process.stdout.write(generateOpenApi());
