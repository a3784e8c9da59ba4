/** Looks for secrets in whatever came out of the service, in every form in which they could have slipped out. */

/** What came out: a log, an answer, a file. */
export type Output = { readonly name: string; readonly bytes: Uint8Array };
export type Secret = { readonly name: string; readonly text: string };

/** Where a secret was found, and in which form. Empty when nothing leaked. */
export function secretsIn(outputs: readonly Output[], secrets: readonly Secret[]): string[] {
  const forms = secrets.flatMap(({ name, text }) => formsOf(text).map((form) => ({ name, ...form })));
  return outputs.flatMap((output) => {
    const haystack = Buffer.from(output.bytes).toString("latin1");
    const lower = haystack.toLowerCase();
    return forms
      .filter(({ pattern, anyCase }) =>
        typeof pattern === "string" ? (anyCase ? lower : haystack).includes(pattern) : pattern.test(haystack),
      )
      .map(({ name, form }) => `${name}, ${form}, in ${output.name}`);
  });
}

export type Form = { readonly form: string; readonly pattern: string | RegExp; readonly anyCase?: true };

export function formsOf(text: string): Form[] {
  const bytes = Buffer.from(text);
  const forms: Form[] = [
    { form: "as text", pattern: text.toLowerCase(), anyCase: true },
    { form: "in hexadecimal", pattern: bytes.toString("hex"), anyCase: true },
    { form: "in UTF-16", pattern: Buffer.from(text, "utf16le").toString("latin1") },
    { form: "percent-encoded", pattern: encodeURIComponent(text).toLowerCase(), anyCase: true },
    { form: "reversed", pattern: [...text].reverse().join("").toLowerCase(), anyCase: true },
  ];
  for (const encoding of ["base64", "base64url"] as const)
    for (const offset of [0, 1, 2])
      forms.push({ form: `in ${encoding} at offset ${offset}`, pattern: innerBase64(bytes, offset, encoding) });
  if (!/^\d+$/.test(text)) return forms;
  forms.push({ form: "digit by digit", pattern: new RegExp([...text].join("[^0-9]{1,80}")) });
  forms.push({ form: "as a call says it", pattern: new RegExp([...text].map((digit) => `>${digit}<`).join("[^]{1,80}?")) });
  return forms;
}

/** The characters that any Base64 has in it whose content holds `bytes` at that offset modulo 3. */
function innerBase64(bytes: Buffer, offset: number, encoding: "base64" | "base64url"): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString(encoding)
    .replace(/=+$/, "");
  const whole = Math.floor(((offset + bytes.length) * 8) / 6);
  return encoded.slice(Math.ceil((offset * 8) / 6), whole);
}
