import { Readable } from "node:stream";
import { runCommand } from "../../src/commands/run-command.ts";

export type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

type Given = { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string };

/** A command in this process, and all it wrote. */
export async function run(args: readonly string[], { env = {}, stdin }: Given = {}): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const write = (stream: keyof typeof written) => (text: string) => {
    written[stream] += text;
  };
  const io = { stdout: write("stdout"), stderr: write("stderr"), env, stdin: stdin === undefined ? undefined : Readable.from([stdin]) };
  return { code: await runCommand(args, io), ...written };
}
