import { type Command, groups } from "./command.ts";
import { aboutOption, optionForm, usageLine } from "./usage.ts";
import { columns, wrap } from "./wrap.ts";

/** All commands, by what they are for. */
export function listCommands(commands: readonly Command[]): string {
  const sections = groups.map((group) => {
    const rows = commands.filter((command) => command.group === group).map(({ name, summary }) => [name, summary] as const);
    return `${group}:\n${columns(rows, 18)}`;
  });
  return `${wrap("Countersign sends one-time codes by SMS, voice call and email, and verifies them.")}

Usage: countersign [COMMAND]

${sections.join("\n")}
${wrap(
  "Without a command it serves: with the configuration that COUNTERSIGN_CONFIG names, else in development mode. `countersign help COMMAND` tells more.",
)}
`;
}

export function explain(command: Command): string {
  const { summary, details, operands = [], options, environment = {}, examples } = command;
  return [
    usageLine(command),
    wrap(details === undefined ? summary : `${summary} ${details}`),
    section(
      "Arguments",
      operands.map(({ name, about }) => [name, about]),
    ),
    section("Options", [
      ...Object.entries(options).map(([name, option]) => [optionForm(name, option), aboutOption(option)] as const),
      ["--help", "Print this."],
    ]),
    section("Environment", Object.entries(readsOf(command, environment))),
    section("Exit codes", exitsOf(command)),
    `Examples:\n${examples.map((example) => `  countersign ${example}\n`).join("")}`.trimEnd(),
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n");
}

type Rows = readonly (readonly [string, string])[];

const section = (title: string, rows: Rows): string => (rows.length === 0 ? "" : `${title}:\n${columns(rows)}`.trimEnd());

/** Of the environment, by variable. */
export function readsOf({ options, operands = [], name }: Command, own: Readonly<Record<string, string>>): Record<string, string> {
  const configured = Object.hasOwn(options, "config") || operands.some(({ file, optional }) => file && optional);
  return {
    ...own,
    ...(configured && { COUNTERSIGN_CONFIG: "The configuration, where no other is named." }),
    ...((configured || name === "dev") && { "COUNTERSIGN_…": "Any setting; docs/reference/settings.md has them all." }),
  };
}

export function exitsOf({ fails, interrupts, name }: Command): Rows {
  return [
    ["0", name === "serve" || name === "dev" ? "The service was stopped in order." : "Done."],
    ...(fails === undefined ? [] : [["1", fails] as const]),
    ["2", "The command was not understood; nothing was done."],
    ...(interrupts === undefined ? [] : [["130", interrupts] as const]),
  ];
}
