import { type Command, groups } from "../../src/commands/command.ts";
import { exitsOf, readsOf } from "../../src/commands/help.ts";
import { aboutOption, operandForm, optionForm } from "../../src/commands/usage.ts";
import { anchorOf, code, generatedBy, page, table } from "./markdown.ts";

const introduction = `\`countersign COMMAND\`, as [the guide](../command-line.md) tells; in the repository \`node src/main.ts COMMAND\`. What is common to all, exit codes, JSON and failures, is there.`;

/** Every command, by what it is for. */
export function writeCommands(commands: readonly Command[]): string {
  return page([
    "# Commands",
    generatedBy("[the table of commands](../../src/commands/command-table.ts)"),
    introduction,
    ...groups.flatMap((group) => {
      const own = commands.filter((command) => command.group === group);
      return [
        `## ${group}`,
        table(
          ["Command", ""],
          own.map(({ name, summary }) => [`[\`${name}\`](#${anchorOf(name)})`, summary]),
        ),
        ...own.flatMap(describe),
      ];
    }),
  ]);
}

function describe(command: Command): string[] {
  const { name, summary, details = "", operands = [], options, environment = {}, json, examples } = command;
  return [
    `### ${name}`,
    `${summary} ${details}`.trim(),
    tableOf(
      "Argument",
      operands.map((operand) => [code(operandForm(operand)), operand.about]),
    ),
    tableOf(
      "Option",
      Object.entries(options).map(([option, form]) => [code(optionForm(option, form)), aboutOption(form)]),
    ),
    tableOf(
      "Environment",
      Object.entries(readsOf(command, environment)).map(([variable, about]) => [code(variable), about]),
    ),
    tableOf("Exit code", exitsOf(command)),
    json === undefined ? "" : `**JSON.** ${json}`,
    `\`\`\`\n${examples.map((example) => `countersign ${example}`).join("\n")}\n\`\`\``,
  ];
}

const tableOf = (head: string, rows: readonly (readonly string[])[]): string => (rows.length === 0 ? "" : table([head, ""], rows));
