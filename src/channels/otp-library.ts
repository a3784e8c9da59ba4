import { createRequire } from "node:module";

let loaded: typeof import("otplib") | undefined;

/** Loaded with the first authenticator: a start needs none. */
export function otpLibrary(): typeof import("otplib") {
  loaded ??= createRequire(import.meta.url)("otplib") as typeof import("otplib");
  return loaded;
}
