import { exitCodes, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";
import { readSecret } from "./read-secret.ts";

export const hashKey = defineCommand({
  name: "hash-key",
  group: "Make secrets and keys",
  summary: "Print what the configuration keeps of a caller's key.",
  details:
    "Reads the key from standard input, or asks for it on a terminal without showing it: arguments can be read by everyone on the machine.",
  options: { json: jsonOption },
  json: "`{hash}`, for `hash` in `applications[].keys[]`.",
  fails: "What was read is no key of make-key's, such as one that was not copied whole.",
  examples: ["hash-key < key.txt"],
  async run({ options: { json } }, io) {
    const key = await readSecret("The key: ", io);
    const { hashKey: hashOf, isKeyWhole } = await import("../rpc/auth.ts");
    if (key === undefined || !isKeyWhole(key))
      return io.fail("This is no whole key: one line on standard input, with a key as make-key prints it.");
    const hash = `sha256:${hashOf(key)}`;
    io.stdout(`${json ? JSON.stringify({ hash }) : hash}\n`);
    return exitCodes.done;
  },
});
