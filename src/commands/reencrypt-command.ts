import { configOption, jsonOption } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const reencrypt = defineCommand({
  name: "reencrypt",
  group: "Look after the store",
  summary: "Put authenticators' secrets under the newest key.",
  details:
    "That is the first of secrets.authenticatorKeys. The service may run meanwhile. Tells which older keys nothing is under any more. Can be stopped and run again; what is done stays so.",
  options: {
    rate: { value: "N", range: [1, 999_999], fallback: "2000", about: "Secrets in a second, at most." },
    config: configOption,
    json: jsonOption,
  },
  json: "`{newest, moved, left: {KEY: COUNT}, unreadable, damaged, examples, removable}`; `removable` names the keys that nothing is under.",
  fails: "Secrets are left under another key or cannot be read, or the store was away for too long.",
  interrupts: "Stopped by a Ctrl-C; what was re-encrypted stays so.",
  examples: ["reencrypt --config countersign.yaml", "reencrypt --rate 200 --json"],
  async run({ options: { rate, json } }, io) {
    const { runReencrypt } = await import("./reencrypt.ts");
    return runReencrypt({ json, maxPerSecond: Number(rate) }, io);
  },
});
