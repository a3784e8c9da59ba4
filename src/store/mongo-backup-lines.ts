/** The form of a backup of MongoDB: one line of Extended JSON each, compressed; the first says what it is, the last that it is whole. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { BSON, type Document } from "mongodb";
import { type BackupNotes, BackupRefused } from "./backup-file.ts";

export type Line =
  | { readonly format: "countersign-backup-1"; readonly schema: Document }
  | { readonly in: string; readonly document: Document }
  | { readonly notes: BackupNotes; readonly lines: number; readonly digest: string };

const { EJSON } = BSON;

/** The last line is made of what went before it. */
export async function writeLines(path: string, lines: AsyncIterable<Line>, notes: () => BackupNotes): Promise<void> {
  const text = async function* () {
    const digest = createHash("sha256");
    let count = 0;
    for await (const line of lines) {
      const written = `${EJSON.stringify(line, { relaxed: false })}\n`;
      digest.update(written);
      count += 1;
      yield written;
    }
    yield `${EJSON.stringify({ notes: notes(), lines: count, digest: digest.digest("base64url") } satisfies Line, { relaxed: false })}\n`;
  };
  await pipeline(Readable.from(text()), createGzip(), createWriteStream(path, { flags: "r+", mode: 0o600 }));
}

/** Of a file that `checkLines` found whole. */
export async function* readLines(path: string): AsyncGenerator<Line> {
  for await (const line of textOf(path)) yield EJSON.parse(line, { relaxed: true }) as Line;
}

/** Reads it to its end; throws `BackupRefused` where something is missing or changed. */
export async function checkLines(
  path: string,
): Promise<{ readonly schema: Document; readonly notes: BackupNotes; readonly lines: number }> {
  const digest = createHash("sha256");
  let first: Line | undefined;
  let last: string | undefined;
  let count = 0;
  try {
    for await (const line of textOf(path)) {
      if (last !== undefined) digest.update(`${last}\n`);
      first ??= EJSON.parse(line) as Line;
      last = line;
      count += 1;
    }
  } catch (cause) {
    throw new BackupRefused(`${path} is damaged, or was cut off: restore another backup`, { cause });
  }
  const end = last === undefined ? undefined : (EJSON.parse(last) as Line);
  if (!first || !("format" in first) || first.format !== "countersign-backup-1")
    throw new BackupRefused(`${path} is no backup that this version of the command backup made`);
  if (!end || !("notes" in end) || end.lines !== count - 1 || end.digest !== digest.digest("base64url"))
    throw new BackupRefused(`${path} is damaged, or was cut off: restore another backup`);
  return { schema: first.schema, notes: end.notes, lines: end.lines };
}

/** A damaged file would end the reader by an error that no loop sees; so the stages are joined by hand. */
async function* textOf(path: string): AsyncGenerator<string> {
  const unpacked = createGunzip();
  const packed = createReadStream(path).on("error", (error) => unpacked.destroy(error));
  const reader = createInterface({ input: packed.pipe(unpacked), crlfDelay: Number.POSITIVE_INFINITY });
  let failure: unknown;
  unpacked.on("error", (error) => {
    failure = error;
    reader.close();
  });
  for await (const line of reader) yield line;
  if (failure !== undefined) throw failure;
}
