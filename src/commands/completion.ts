import { exitCodes } from "./command.ts";
import { defineCommand } from "./define-command.ts";

const shells = ["bash", "zsh", "fish"] as const;

export const completion = defineCommand({
  name: "completion",
  group: "About the command",
  summary: "Print what lets a shell complete commands and options.",
  details: "For ~/.bashrc, a folder of $fpath, and ~/.config/fish/completions, as in the examples.",
  operands: [{ name: "SHELL", about: "bash, zsh or fish.", choices: shells }],
  examples: [
    "completion bash >> ~/.bashrc",
    "completion zsh > ~/.zfunc/_countersign",
    "completion fish > ~/.config/fish/completions/countersign.fish",
  ],
  async run({ operands: [shell] }, io) {
    // Later, because the table has this command in it.
    const [{ commands }, { completionModel }] = await Promise.all([import("./command-table.ts"), import("./completion-model.ts")]);
    const model = completionModel(commands);
    if (shell === "bash") io.stdout((await import("./bash-completion.ts")).bashCompletion(model));
    else if (shell === "zsh") io.stdout((await import("./zsh-completion.ts")).zshCompletion(model));
    else io.stdout((await import("./fish-completion.ts")).fishCompletion(model));
    return exitCodes.done;
  },
});
