import type { Command } from "./command.ts";

export const reencrypt: Command = {
  usage: "reencrypt [--rate PER_SECOND] [--json]",
  summary:
    "Put the secrets of all authenticators under the first key of secrets.authenticatorKeys, while the service runs, and tell which older keys nothing is under any more. Can be stopped and run again.",
  async run(args, io) {
    const { runReencrypt } = await import("./reencrypt.ts");
    return runReencrypt(args, io);
  },
};
