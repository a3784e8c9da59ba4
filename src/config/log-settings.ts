import { z } from "zod";
import { logLevels } from "./config.ts";
import { choice, whole } from "./forms.ts";

/** How much is written of what happens. */
export const logSettings = z.strictObject({
  level: choice(...logLevels).default("info"),
  keepOneIn: whole("the number of challenges of which one has its successes written", 1, 10_000).default(1),
  repeatsPerMinute: whole("the lines that one failure may have in a minute", 1, 100_000).default(60),
});
