import type { CertificateName } from "./client-certificate.ts";

/** A name with `*` for whole parts of it, and what it stands for. */
export type NamePattern<Value> = { readonly pattern: string; readonly value: Value };

export type FindByName<Value> = (name: CertificateName) => Value | undefined;

/**
 * Patterns are as configuration checked them: `https://`-like ones are for URIs, others for DNS names, and `*` is a whole label or
 * path segment, never a part of one. Of several that fit, the one without `*` counts, then the one whose first `*` stands further right.
 */
export function createNameIndex<Value>(patterns: readonly NamePattern<Value>[]): FindByName<Value> {
  const exact = new Map<string, Value>();
  const wild: Wild<Value>[] = [];
  for (const { pattern, value } of patterns) {
    const kind = pattern.includes("://") ? "uri" : "dns";
    const text = kind === "dns" ? pattern.toLowerCase() : pattern;
    if (text.includes("*")) wild.push({ kind, parts: partsOf(kind, text), value });
    else exact.set(`${kind} ${text}`, value);
  }
  wild.sort((one, other) => (starsOf(one) < starsOf(other) ? -1 : 1));
  return (name) => {
    const found = exact.get(`${name.kind} ${name.value}`);
    if (found !== undefined || wild.length === 0) return found;
    const parts = partsOf(name.kind, name.value);
    return wild.find((candidate) => fits(candidate, name.kind, parts))?.value;
  };
}

type Kind = CertificateName["kind"];
type Wild<Value> = { readonly kind: Kind; readonly parts: readonly string[]; readonly value: Value };

/** What one `*` may stand for: a label that is no `*` itself, and a segment of a SPIFFE id (section 2.2), which is not dots only. */
const wildParts: Readonly<Record<Kind, RegExp>> = { dns: /^[a-z0-9_-]+$/, uri: /^(?!\.+$)[A-Za-z0-9._~-]+$/ };

const partsOf = (kind: Kind, text: string): string[] => text.split(kind === "dns" ? "." : "/");

const fits = (wild: Wild<unknown>, kind: Kind, parts: readonly string[]): boolean =>
  wild.kind === kind &&
  wild.parts.length === parts.length &&
  wild.parts.every((part, index) => (part === "*" ? wildParts[kind].test(parts[index] ?? "") : part === parts[index]));

/** Two that fit the same name have as many parts, and differ only in where their stars are. */
const starsOf = ({ parts }: Wild<unknown>): string => parts.map((part) => (part === "*" ? 1 : 0)).join("");
