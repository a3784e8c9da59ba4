/** `{name}` in a text, replaced. */
export const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));

/** `0:29`, `2:05`: whole seconds, rounded up, so that `0:00` is the moment itself. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** "in 12 minutes", rounded up, in any language. */
export function fromNow(ms: number, locale: string): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const [amount, unit] = inUnit(seconds);
  return new Intl.RelativeTimeFormat(locale, { numeric: "always" }).format(amount, unit);
}

function inUnit(seconds: number): [number, Intl.RelativeTimeFormatUnit] {
  if (seconds < 60) return [seconds, "second"];
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return [minutes, "minute"];
  return [Math.ceil(seconds / 3600), "hour"];
}

export type Plural = { readonly other: string } & Readonly<Partial<Record<Intl.LDMLPluralRule, string>>>;

/** The form that a language has for a number, with the number filled in as `{n}`. */
export function plural(forms: Plural, n: number, locale: string): string {
  const text = forms[new Intl.PluralRules(locale).select(n)] ?? forms.other;
  return fill(text, { n: new Intl.NumberFormat(locale).format(n) });
}
