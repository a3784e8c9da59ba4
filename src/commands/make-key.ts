import { randomBytes } from "node:crypto";
import { exitCodes, jsonOption, UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const makeKey = defineCommand({
  name: "make-key",
  group: "Make secrets and keys",
  summary: "Make a caller's key, and the lines with its hash for the configuration.",
  details: "The key is printed once, for the caller alone, and kept nowhere: the configuration has its hash.",
  options: {
    application: { value: "ID", about: "Whose key it is, for the words around it: 1 to 40 characters of a-z 0-9 -." },
    kind: {
      value: "KIND",
      choices: ["service", "browser"],
      fallback: "service",
      about: "A browser's key is public, and works on the pages of its origins only.",
    },
    json: jsonOption,
  },
  json: "`{key, entry: {id, hash, kind}}`; `entry` is for `applications[].keys`, where one of a browser also needs its `origins`.",
  examples: ["make-key --application shop", "make-key --kind browser --json | jq .entry"],
  async run({ options: { application, kind, json } }, io) {
    if (application !== undefined && !/^[a-z0-9-]{1,40}$/.test(application))
      throw new UsageError("--application is an id of 1 to 40 characters of a-z 0-9 -.");
    const { createKey, hashKey } = await import("../rpc/auth.ts");
    const key = createKey(randomBytes);
    const hash = hashKey(key);
    const entry = { id: `key-${hash.slice(0, 8)}`, hash: `sha256:${hash}`, kind };
    io.stdout(json ? `${JSON.stringify({ key, entry })}\n` : wordsFor(key, entry, application));
    return exitCodes.done;
  },
});

type Entry = { readonly id: string; readonly hash: string; readonly kind: string };

const wordsFor = (
  key: string,
  { id, hash, kind }: Entry,
  application: string | undefined,
): string => `The key, for the caller alone; it is not shown again:

${key}

Its hash, for the keys of ${application === undefined ? "the application" : `the application ${application}`}:

    keys:
      - id: ${id}
        hash: ${hash}
        kind: ${kind}${kind === "browser" ? "\n        origins: [https://app.example.com]   # those of your own pages" : ""}
`;
