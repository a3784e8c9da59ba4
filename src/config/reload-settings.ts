import { z } from "zod";
import type { Config } from "./config.ts";
import { flag, whole } from "./forms.ts";

/** When the files of a configuration are looked at again. */
export const reloadSettings = z.strictObject({
  watch: flag("whether a change of the configuration's files is noticed without SIGHUP; default true").default(true),
  everySeconds: whole("the seconds between two looks at the configuration's files", 1, 3600).default(5),
});

export const buildReload = ({ watch, everySeconds }: z.output<typeof reloadSettings>): Config["reload"] => ({
  watch,
  everyMs: everySeconds * 1000,
});
