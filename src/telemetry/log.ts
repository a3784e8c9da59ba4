import { type Logger, pino } from "pino";
import { createLineWriter, type LineWriter } from "./line-writer.ts";
import { createLogThinning, type Thinning } from "./log-thinning.ts";
import { scrub } from "./scrub.ts";
import { currentTrace } from "./trace-context.ts";

export type { Logger };

export type Log = {
  readonly logger: Logger;
  /** From now on; until it is said, every line is written. */
  readonly thin: (thinning: Thinning) => void;
  /** Writes what is left; for the very end. */
  readonly close: () => Promise<void>;
};

type LogOptions = {
  readonly level: string;
  /** Whether a line tells the trace of the call that it is about. */
  readonly traced?: boolean;
  /** Which of several processes writes the lines. */
  readonly worker?: number;
  readonly writer?: LineWriter;
};

/** One JSON object per line on standard output. */
export function createLog({ level, traced = false, worker, writer = createLineWriter({ shared: worker !== undefined }) }: LogOptions): Log {
  const thinning = createLogThinning((line) => logger.warn(line), { keepOneIn: 1, repeatsPerMinute: Number.POSITIVE_INFINITY });
  const logger: Logger = pino(
    {
      level,
      base: worker === undefined ? null : { worker },
      timestamp: pino.stdTimeFunctions.isoTime,
      ...(traced && { mixin: traceOfLine }),
      formatters: { level: (label) => ({ level: label }), log: scrub },
      // Errors are described by scrub; pino's own way takes all their properties along.
      serializers: { err: (described: unknown) => described },
      hooks: {
        logMethod(args, write) {
          const [fields]: readonly unknown[] = args;
          if (typeof fields !== "object" || fields === null || thinning.keeps(fields as Record<string, unknown>)) write.apply(this, args);
        },
      },
    },
    writer,
  );
  return {
    logger,
    thin: thinning.set,
    close() {
      thinning.flush();
      return writer.close();
    },
  };
}

function traceOfLine(): { readonly traceId?: string } {
  const trace = currentTrace();
  return trace ? { traceId: trace.traceId } : {};
}
