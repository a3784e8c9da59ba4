import type { DescFile } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";
import { codeFromString, codeToHttpStatus } from "@connectrpc/connect/protocol-connect";
import { commentOf } from "../openapi/comments.ts";
import { anchorOf, code, generatedBy, page, table } from "./markdown.ts";
import { remedies, retries } from "./remedies.ts";

type Entry = { readonly name: string; readonly status: string; readonly code: Code; readonly meaning: string };

const introduction = `Every call answers OK or with one of these reasons, in \`google.rpc.ErrorInfo.reason\` with domain \`countersign\`. Go by the reason, never by the text. The other details are
\`google.rpc.RetryInfo\` (when to try again; a moment earlier is still refused) and \`google.rpc.BadRequest\` (what is wrong with which field). gRPC carries them in \`grpc-status-details-bin\`, JSON in \`details\`.`;

/** The catalogue of reasons: status on both kinds of wire, what each means, what helps, and whether to try again. */
export function writeErrors(file: DescFile): string {
  const [desc] = file.enums;
  const entries = desc?.values.filter(({ number }) => number !== 0).map((value) => read(value.name, commentOf(value))) ?? [];
  return page([
    "# Errors",
    generatedBy("the comments of [`error_reason.proto`](../../proto/countersign/v1/error_reason.proto)"),
    introduction,
    table(
      ["Reason", "gRPC", "HTTP", "Try again"],
      entries.map((entry) => [
        `[${entry.name}](#${anchorOf(entry.name)})`,
        `\`${entry.status}\` (${entry.code})`,
        String(codeToHttpStatus(entry.code)),
        retryOf(entry.name),
      ]),
    ),
    ...entries.flatMap(describe),
  ]);
}

function describe({ name, status, code: number, meaning }: Entry): string[] {
  return [
    `## ${name}`,
    `${code(status)} (${number}) · HTTP ${codeToHttpStatus(number)}`,
    `**Cause.** ${meaning}`,
    `**Remedy.** ${remedyOf(name).remedy}`,
    `**Try again:** ${retryOf(name)}.`,
  ];
}

/** Out of a comment of the form `[STATUS_CODE] What it means.` */
function read(value: string, comment: string): Entry {
  const [, status = "", meaning = ""] = /^\[(\w+)\] (.*)$/s.exec(comment) ?? [];
  const number = codeFromString(status.toLowerCase());
  if (number === undefined) throw new Error(`the comment of ${value} begins with no status code in brackets`);
  return { name: value.slice("ERROR_REASON_".length), status, code: number, meaning };
}

const retryOf = (name: string): string => retries[remedyOf(name).retry];

function remedyOf(name: string): (typeof remedies)[keyof typeof remedies] {
  const found = Object.entries(remedies).find(([reason]) => reason === name);
  if (!found) throw new Error(`docs/reference/remedies.ts says nothing of ${name}`);
  return found[1];
}
