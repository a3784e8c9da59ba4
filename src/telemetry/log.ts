import { type Logger, pino } from "pino";
import { createLineWriter, type LineWriter } from "./line-writer.ts";
import { scrub } from "./scrub.ts";

export type { Logger };

export type Log = {
  readonly logger: Logger;
  /** Writes what is left; for the very end. */
  readonly close: () => Promise<void>;
};

/** One JSON object per line on standard output. */
export function createLog({ level, writer = createLineWriter() }: { readonly level: string; readonly writer?: LineWriter }): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: scrub },
      // Errors are described by scrub; pino's own way takes all their properties along.
      serializers: { err: (described: unknown) => described },
    },
    writer,
  );
  return { logger, close: () => writer.close() };
}
