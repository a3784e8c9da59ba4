import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findViolations, type Sources } from "./architecture-rules.ts";

const folder = new URL("../src/", import.meta.url);

function readSources(): Sources {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.endsWith(".ts") && !file.startsWith("gen/"),
  );
  return Object.fromEntries(files.sort().map((file) => [file, readFileSync(new URL(file, folder), "utf8")]));
}

test("every file of src/ keeps to the layout", () => {
  const sources = readSources();
  expect(Object.keys(sources)).toEqual(expect.arrayContaining(["app.ts", "main.ts", "otp/ports.ts", "config/load.ts"]));
  expect(findViolations(sources)).toEqual([]);
});

test.for<[string, Sources, string]>([
  ["rules that know a store", { "otp/a.ts": 'import { x } from "../store/x.ts";\n' }, "otp/a.ts imports store/x.ts"],
  ["rules that know a type of the wire", { "otp/a.ts": 'import type {\n  X,\n} from "../gen/x.js";\n' }, "otp/a.ts imports gen/x.js"],
  ["rules that use a package", { "otp/a.ts": 'import { z } from "zod";\n' }, "otp/a.ts imports zod"],
  ["rules that read files", { "otp/a.ts": 'import fs from "node:fs";\n' }, "otp/a.ts imports node:fs"],
  [
    "a channel that knows a provider",
    { "channels/sms.ts": 'export { x } from "../providers/x.ts";\n' },
    "channels/sms.ts imports providers/x.ts",
  ],
  ["a store that loads the wire later", { "store/a.ts": 'const x = await import("../rpc/x.ts");\n' }, "store/a.ts imports rpc/x.ts"],
  ["a worker of another folder", { "store/a.ts": 'new Worker(new URL("../rpc/x.ts", import.meta.url));\n' }, "store/a.ts imports rpc/x.ts"],
  ["an import for its effect", { "rpc/a.ts": 'import "../store/x.ts";\n' }, "rpc/a.ts imports store/x.ts"],
  ["a provider that knows the application", { "providers/a.ts": 'import { x } from "../app.ts";\n' }, "providers/a.ts imports app.ts"],
  [
    "configuration that knows a vendor",
    { "config/a.ts": 'import { x } from "../providers/twilio.ts";\n' },
    "config/a.ts imports providers/twilio.ts",
  ],
  [
    "a command that knows the wires",
    { "commands/a.ts": 'import { x } from "../rpc/handlers.ts";\n' },
    "commands/a.ts imports rpc/handlers.ts",
  ],
  ["main that knows a store", { "main.ts": 'import { x } from "./store/x.ts";\n' }, "main.ts imports store/x.ts"],
  ["a folder of no row", { "utils/a.ts": "\n" }, "utils/a.ts is in no row of the table"],
  ["a folder in a folder", { "otp/rules/a.ts": "\n" }, "otp/rules/a.ts is more than one folder deep"],
  [
    "an import without the name of the file",
    { "rpc/a.ts": 'import { x } from "./b";\n' },
    "rpc/a.ts imports ./b, which is not the name of a file",
  ],
  ["a barrel", { "rpc/index.ts": "\n" }, "rpc/index.ts is a barrel"],
  ["a long file", { "rpc/a.ts": "\n".repeat(251) }, "rpc/a.ts has 251 lines"],
  ["the environment", { "rpc/a.ts": "const x = process.env.HOME;\n" }, "rpc/a.ts reads the environment"],
  ["the environment by import", { "rpc/a.ts": 'import { env } from "node:process";\n' }, "rpc/a.ts reads the environment"],
  ["the clock", { "otp/a.ts": "const x = Date.now();\n" }, "otp/a.ts reads the clock, which is given"],
  ["the clock as a date", { "otp/a.ts": "const x = new Date();\n" }, "otp/a.ts reads the clock, which is given"],
  ["bad randomness", { "app.ts": "const x = Math.random();\n" }, "app.ts uses a random source that can be predicted"],
  ["a default export", { "rpc/a.ts": "export default 1;\n" }, "rpc/a.ts exports without a name"],
  ["an export of everything", { "rpc/a.ts": 'export * from "./b.ts";\n' }, "rpc/a.ts exports everything"],
  [
    "a cycle",
    {
      "rpc/a.ts": 'import { b } from "./b.ts";\n',
      "rpc/b.ts": 'import {\n  type C,\n  c,\n} from "./c.ts";\n',
      "rpc/c.ts": 'export { a } from "./a.ts";\n',
    },
    "rpc/a.ts → rpc/b.ts → rpc/c.ts → rpc/a.ts is a cycle",
  ],
])("%s is noticed", ([, sources, violation]) => {
  expect(findViolations(sources)).toEqual([violation]);
});

test.for<[string, Sources]>([
  ["a cycle of types", { "otp/a.ts": 'import type { B } from "./b.ts";\n', "otp/b.ts": 'import type { A } from "./a.ts";\n' }],
  ["a moment that is given", { "otp/a.ts": "const at = (ms: number) => new Date(ms);\n" }],
  ["a word in a comment", { "otp/a.ts": "/** Never Math.random(). */\n  // nor process.env\n" }],
  ["the schema of providers in configuration", { "config/a.ts": 'import { providerConfig } from "../providers/create-provider.ts";\n' }],
  ["generated code on the wire", { "rpc/a.ts": 'import { S } from "../gen/countersign/v1/x_pb.js";\n' }],
])("%s is no violation", ([, sources]) => {
  expect(findViolations(sources)).toEqual([]);
});
