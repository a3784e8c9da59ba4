import type { Command, CommandIo, Description } from "./command.ts";
import { type Given, type Options, readArguments } from "./read-arguments.ts";

type Definition<O extends Options> = Description & {
  readonly options?: O;
  /** Resolves to the exit code. */
  readonly run: (given: Given<O>, io: CommandIo) => Promise<number>;
};

/** What `run` is given has the types that `options` declares. With `--config` among them, the file is in its environment. */
export function defineCommand<const O extends Options>({ run, ...description }: Definition<O>): Command {
  const options = description.options ?? {};
  return {
    ...description,
    options,
    run(args, io) {
      const given = readArguments<O>({ operands: description.operands ?? [], options }, args);
      const file: unknown = Object.hasOwn(given.options, "config") ? given.options.config : undefined;
      return run(given, typeof file === "string" ? { ...io, env: { ...io.env, COUNTERSIGN_CONFIG: file } } : io);
    },
  };
}
