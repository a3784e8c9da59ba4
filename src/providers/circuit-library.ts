import { createRequire } from "node:module";

let loaded: typeof import("cockatiel") | undefined;

/** Loaded with the first message, or right after a start. */
export function circuitLibrary(): typeof import("cockatiel") {
  loaded ??= createRequire(import.meta.url)("cockatiel") as typeof import("cockatiel");
  return loaded;
}
