import { parseArgs } from "node:util";
import { type Block, type TrafficKind, trafficKinds } from "../otp/traffic.ts";
import { type Command, UsageError } from "./command.ts";
import { asJson, readArguments } from "./operator-arguments.ts";

export const blocks: Command = {
  usage: "blocks APPLICATION [--json]",
  summary: "List the prefixes, countries and networks that get no messages, or would get none if the guard enforced what it sees.",
  async run(args, io) {
    const { values, json } = readArguments(args, ["an application"]);
    const { operate } = await import("./operator.ts");
    return operate(
      values[0] ?? "",
      io,
      ({ acts, call }) => acts.listBlocks({ pageSize: 1000 }, call),
      (found) => (json ? asJson(found) : table(found)),
    );
  },
};

export const block: Command = {
  usage: "block APPLICATION PREFIX --minutes N [--json]",
  summary: "Send nothing to numbers with this beginning (+ and 1 to 14 digits) for so long.",
  async run(args, io) {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" }, minutes: { type: "string" } },
    });
    const [application = "", prefix = "", ...others] = positionals;
    const minutes = Number(values.minutes);
    if (prefix === "" || others.length > 0) throw new UsageError("Name an application and a prefix.");
    if (!Number.isInteger(minutes)) throw new UsageError("Write how long: --minutes 60.");
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.blockPrefix({ prefix, durationMs: minutes * 60_000 }, call),
      (made) => (values.json ? asJson(made) : table([made])),
    );
  },
};

export const unblock: Command = {
  usage: "unblock APPLICATION KIND PLACE [--json]",
  summary: `End a block, as \`blocks\` lists it. KIND: ${trafficKinds.join(", ")}.`,
  async run(args, io) {
    const { values, json } = readArguments(args, ["an application", `a kind (${trafficKinds.join(", ")})`, "a place"]);
    const [application = "", kind, place = ""] = values;
    if (!isKind(kind)) throw new UsageError(`KIND is one of ${trafficKinds.join(", ")}.`);
    const { operate } = await import("./operator.ts");
    return operate(
      application,
      io,
      ({ acts, call }) => acts.endBlock({ kind, place }, call),
      (result) => (json ? asJson(result) : `${result.ended ? "The block is ended." : "There was no such block."}\n`),
    );
  },
};

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
