/** A software bill of materials after CycloneDX 1.5, as `npm sbom` prints it: of it, what is read here. */
export type Sbom = {
  readonly components: readonly {
    readonly name: string;
    readonly version: string;
    readonly licenses?: readonly { readonly license?: { readonly id?: string; readonly name?: string }; readonly expression?: string }[];
  }[];
};

/** Licences under which a part may be shipped inside a service without asking anybody for more than their notice (SPDX ids). */
export const accepted: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC0-1.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** Of each part that is not covered: its name, version and what it says of itself. */
export function findForeignLicences({ components }: Sbom): string[] {
  return components.flatMap(({ name, version, licenses = [] }) => {
    const said = licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? "").filter(Boolean);
    const isCovered = said.length > 0 && said.every(isAccepted);
    return isCovered ? [] : [`${name}@${version} is under ${said.join(" and ") || "no licence that it names"}`];
  });
}

/** Of `(MIT OR GPL-2.0)` one has to be accepted, of `MIT AND ISC` all. Anything else in an expression is not understood, so refused. */
function isAccepted(expression: string): boolean {
  const words = expression.replace(/[()]/g, " ").trim().split(/\s+/);
  const names = words.filter((_, index) => index % 2 === 0);
  const joins = new Set(words.filter((_, index) => index % 2 === 1).map((word) => word.toUpperCase()));
  if (joins.size === 0) return accepted.has(names[0] ?? "");
  if (joins.size > 1) return false;
  if (joins.has("OR")) return names.some((name) => accepted.has(name));
  return joins.has("AND") && names.every((name) => accepted.has(name));
}
