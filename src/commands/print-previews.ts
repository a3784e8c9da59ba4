import { writeFileSync } from "node:fs";
import type { Preview, PreviewRequest, previewMessage } from "../channels/preview.ts";
import { type CommandIo, exitCodes, UsageError } from "./command.ts";

export type Previewed = { readonly request: PreviewRequest; readonly made: ReturnType<typeof previewMessage> };

type Format = { readonly html?: string | undefined; readonly json?: boolean | undefined };

/** For people or as JSON; fails when a message would have been refused. */
export function printPreviews(previews: readonly Previewed[], { html, json }: Format, io: CommandIo): number {
  if (html !== undefined) writeHtml(previews, html);
  if (json) io.stdout(`${JSON.stringify(previews.map(recordOf), undefined, 2)}\n`);
  else io.stdout(previews.map(blockOf).join("\n"));
  return previews.some(({ made }) => "violations" in made) ? exitCodes.failed : exitCodes.done;
}

const recordOf = ({ request, made }: Previewed): object => ("violations" in made ? { ...labelOf(request), ...made } : made);

const labelOf = ({ application, channel, purpose, locale }: PreviewRequest) => ({ application: application.id, channel, purpose, locale });

function blockOf({ request, made }: Previewed): string {
  const refused = "violations" in made;
  const { application, purpose, channel, locale } = refused ? labelOf(request) : made;
  const title = `${[application, purpose, channel, locale].join(" · ")}${refused ? "" : ` (${made.source} text)`}`;
  const lines = refused ? made.violations.map(({ field, description }) => `refused: ${field}: ${description}`) : linesOf(made);
  return [title, ...lines.map((line) => `  ${line}`.trimEnd()), ""].join("\n");
}

function linesOf({ fromName, subject, text, speech, size }: Preview): readonly string[] {
  if (speech) return [`${speech.before} (the code, digit by digit) ${speech.after}`, `[said ${speech.repeat} times]`];
  const from = fromName === undefined ? [] : [`From: ${fromName}`];
  const headers = subject === undefined ? [] : [...from, `Subject: ${subject}`, ""];
  return [...headers, ...text.trimEnd().split("\n"), ...(size ? [costOf(size)] : [])];
}

function costOf({ encoding, units, unitsPerSegment, segments, bytes, forcedBy }: NonNullable<Preview["size"]>): string {
  const unit = encoding === "GSM-7" ? "septets" : "16-bit units";
  const why = forcedBy === undefined ? "" : `, because of ${JSON.stringify(forcedBy)}`;
  return `[${encoding}${why}: ${units} ${unit}, ${unitsPerSegment} a segment: ${segments} segment${segments === 1 ? "" : "s"}; ${bytes} bytes]`;
}

function writeHtml(previews: readonly Previewed[], file: string): void {
  const parts = previews.flatMap(({ made }) => ("html" in made && made.html !== undefined ? [made.html] : []));
  const [html] = parts;
  if (html === undefined || parts.length > 1)
    throw new UsageError(`--html writes one email, and these are ${parts.length}: add --application, --purpose and --locale.`);
  try {
    writeFileSync(file, html);
  } catch (error) {
    throw new UsageError(`--html: the file cannot be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
