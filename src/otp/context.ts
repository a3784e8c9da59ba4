import type { Keyring } from "./keyring.ts";
import type { Binding } from "./types.ts";

/** Digest of what a code is bound to besides its challenge; the order in which a binding was written does not matter. */
export const contextOf = (keyring: Keyring, application: string, purpose: string, binding: Binding): string =>
  keyring.digest("context", application, purpose, ...flatten(binding));

/** A map as a list in one order, for digests. */
export const flatten = (map: Readonly<Record<string, string>>): string[] =>
  Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat();
