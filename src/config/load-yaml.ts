import { createRequire } from "node:module";

/** Loaded when there is something to read: development mode starts without. */
export const loadYaml = (): typeof import("yaml") => createRequire(import.meta.url)("yaml");
