import type { Keyring } from "./keyring.ts";
import type { Binding } from "./types.ts";

/** Digest of what a code is bound to besides its challenge; the order in which a binding was written does not matter. */
export function contextOf(keyring: Keyring, application: string, purpose: string, binding: Binding): string {
  const bound = flatten(binding);
  return bound.length > 0 ? keyring.digest("context", application, purpose, ...bound) : unboundContext(keyring, application, purpose);
}

/** Most codes are bound to nothing but a purpose, and applications have few: each digest is made once. */
const unbound = new WeakMap<Keyring, Map<string, string>>();
/** Callers may name purposes of their own in VerifyCode; memory is not theirs to fill. */
const maxUnbound = 1_000;

function unboundContext(keyring: Keyring, application: string, purpose: string): string {
  const known = unbound.get(keyring) ?? new Map<string, string>();
  unbound.set(keyring, known);
  const name = `${application} ${purpose}`;
  const context = known.get(name) ?? keyring.digest("context", application, purpose);
  if (known.size < maxUnbound) known.set(name, context);
  return context;
}

/** A map as a list in one order, for digests. */
export const flatten = (map: Readonly<Record<string, string>>): string[] =>
  Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flat();
