import { type Block, type TrafficKind, trafficKinds } from "../otp/traffic.ts";
import { UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";
import { applicationOperand, asJson, operatorOptions } from "./operator-arguments.ts";

const group = "Stop fraud";
const fails = "The configuration, the arguments or the store cannot be used.";
const blockForm =
  "`{kind, label, cause, enforced, level, until, hits, …}`, of which `label` is the place and `until` milliseconds since 1970";

export const blocks = defineCommand({
  name: "blocks",
  group,
  summary: "List the prefixes, countries and networks that get no messages.",
  details: "Or would get none if the guard enforced what it sees.",
  operands: [applicationOperand],
  options: operatorOptions,
  json: `A list of ${blockForm}.`,
  fails,
  examples: ["blocks shop", "blocks --json shop | jq '.[].label'"],
  async run({ operands: [application = ""], options: { json } }, io) {
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.listBlocks({ pageSize: 1000 }, call),
      (found) => (json ? asJson(found) : table(found)),
    );
  },
});

export const block = defineCommand({
  name: "block",
  group,
  summary: "Send nothing to numbers with this beginning for a while.",
  operands: [applicationOperand, { name: "PREFIX", about: "The beginning of the numbers: + and 1 to 14 digits." }],
  options: { ...operatorOptions, minutes: { value: "N", range: [1, 129_600], about: "How long. Required." } },
  json: `The block: ${blockForm}.`,
  fails,
  examples: ["block shop +23480 --minutes 60"],
  async run({ operands: [application = "", prefix = ""], options: { minutes, json } }, io) {
    if (minutes === undefined) throw new UsageError("Write how long: --minutes 60.");
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.blockPrefix({ prefix, durationMs: Number(minutes) * 60_000 }, call),
      (made) => (json ? asJson(made) : table([made])),
    );
  },
});

export const unblock = defineCommand({
  name: "unblock",
  group,
  summary: "End a block.",
  details: "Kind and place are those that `blocks` lists. A block that is not there is no failure.",
  operands: [
    applicationOperand,
    { name: "KIND", about: `${trafficKinds.join(", ")}.`, choices: trafficKinds },
    { name: "PLACE", about: "Such as +23480, or what else the list has." },
  ],
  options: operatorOptions,
  json: "`{ended}`: whether there was such a block.",
  fails,
  examples: ["unblock shop prefix +23480"],
  async run({ operands: [application = "", kind, place = ""], options: { json } }, io) {
    if (!isKind(kind)) throw new UsageError(`KIND is one of ${trafficKinds.join(", ")}.`);
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.endBlock({ kind, place }, call),
      (result) => (json ? asJson(result) : `${result.ended ? "The block is ended." : "There was no such block."}\n`),
    );
  },
});

const isKind = (text: string | undefined): text is TrafficKind => trafficKinds.some((kind) => kind === text);

function table(found: readonly Block[]): string {
  if (found.length === 0) return "No blocks.\n";
  const rows = found.map(({ kind, label, cause, enforced, level, until, hits }) => [
    kind,
    label,
    cause,
    enforced ? "refuses" : "watches",
    `level ${level}`,
    `until ${new Date(until).toISOString()}`,
    `${hits} ${enforced ? "refused" : "would be refused"}`,
  ]);
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
