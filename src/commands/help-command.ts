import { exitCodes, UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";

export const helpCommand = defineCommand({
  name: "help",
  group: "About the command",
  summary: "List the commands, or explain one.",
  operands: [{ name: "COMMAND", about: "The one to explain.", optional: true }],
  examples: ["help", "help reencrypt"],
  async run({ operands: [name] }, io) {
    // Later, because the table has this command in it.
    const [{ commands, findCommand, unknownCommand }, { explain, listCommands }] = await Promise.all([
      import("./command-table.ts"),
      import("./help.ts"),
    ]);
    if (name === undefined) io.stdout(listCommands(commands));
    else {
      const command = findCommand(name);
      if (!command) throw new UsageError(unknownCommand(name));
      io.stdout(explain(command));
    }
    return exitCodes.done;
  },
});
