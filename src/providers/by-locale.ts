/** Lookup of RFC 4647, section 3.4: the tag is shortened from its end until there is something for it. Keys are in lower case. */
export function byLocale<Value>(values: Readonly<Record<string, Value>>, locale: string): Value | undefined {
  for (let tag = locale.toLowerCase(); tag !== ""; tag = tag.slice(0, Math.max(0, tag.lastIndexOf("-")))) {
    if (Object.hasOwn(values, tag)) return values[tag];
  }
  return undefined;
}

/** Templates are approved by language; where there is none for it, the first one goes out: a code is read in any language. */
export function templateFor<Template extends { readonly locale: string }>(
  templates: readonly Template[],
  locale: string,
): Template | undefined {
  const named = Object.fromEntries(templates.map((template) => [template.locale.toLowerCase(), template]));
  return byLocale(named, locale) ?? templates[0];
}
