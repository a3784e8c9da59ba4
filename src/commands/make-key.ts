import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { type Command, exitCodes, UsageError } from "./command.ts";

export const makeKey: Command = {
  usage: "make-key [--application ID] [--kind service|browser]",
  summary: "Make a key for a caller; print it once, and the lines with its hash for the configuration.",
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: { application: { type: "string" }, kind: { type: "string", default: "service" } },
    });
    const { application, kind } = values;
    if (kind !== "service" && kind !== "browser") throw new UsageError("--kind is service or browser.");
    if (application !== undefined && !/^[a-z0-9-]{1,40}$/.test(application))
      throw new UsageError("--application is an id of 1 to 40 characters of a-z 0-9 -.");
    const { createKey, hashKey } = await import("../rpc/auth.ts");
    const key = createKey(randomBytes);
    const hash = hashKey(key);
    const owner = application === undefined ? "the application" : `the application ${application}`;
    io.stdout(`The key, for the caller alone; it is not shown again:

${key}

Its hash, for the keys of ${owner}:

    keys:
      - id: key-${hash.slice(0, 8)}
        hash: sha256:${hash}
        kind: ${kind}${kind === "browser" ? "\n        origins: [https://app.example.com]   # those of your own pages" : ""}
`);
    return exitCodes.done;
  },
};
