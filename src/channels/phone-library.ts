import { createRequire } from "node:module";

let loaded: typeof import("libphonenumber-js/max") | undefined;

/** Loaded with the first number, or right after a start: a hundred files, for which `require` takes half as long as an import. */
export function phoneLibrary(): typeof import("libphonenumber-js/max") {
  loaded ??= createRequire(import.meta.url)("libphonenumber-js/max") as typeof import("libphonenumber-js/max");
  return loaded;
}
