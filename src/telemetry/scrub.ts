/** Names whose values no log line may hold, at any depth, whoever put them there: the second line of defence. */
const secretNames = new Set(
  [
    "code",
    "codes",
    "text",
    "html",
    "body",
    "speech",
    "secret",
    "password",
    "pass",
    "token",
    "authToken",
    "proofToken",
    "captchaToken",
    "authorization",
    "cookie",
    "key",
    "apiKey",
    "ledgerKey",
    "to",
  ].map((name) => name.toLowerCase()),
);

const longestName = Math.max(...[...secretNames].map((name) => name.length));
const censored = "[hidden]";
const maxDepth = 6;

/** The fields of a log line, with secrets hidden and errors cut down to what is safe to keep of them. */
export function scrub(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  // Nearly every line is flat and clean, and is passed on as it is.
  for (const name of Object.keys(fields)) {
    if (typeof fields[name] === "object" || isSecretName(name)) return scrubFields(fields, 0);
  }
  return fields;
}

function scrubFields(fields: object, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) clean[name] = isSecretName(name) ? censored : scrubValue(value, depth);
  return clean;
}

/** In lower case only where the length fits: this runs for every field of every line. */
const isSecretName = (name: string): boolean => name.length <= longestName && secretNames.has(name.toLowerCase());

function scrubValue(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= maxDepth) return "[deeper]";
  if (value instanceof Error) return describeError(value, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth + 1));
  return scrubFields(value, depth + 1);
}

/** Errors of drivers and SDKs carry requests and answers as properties; none of those are taken along. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const described: Record<string, unknown> = { type: error.name, message: error.message, stack: error.stack };
  if (error.cause !== undefined) described.cause = scrubValue(error.cause, depth + 1);
  if ("code" in error && isErrorName(error.code)) described.errno = error.code;
  return described;
}

/** ECONNREFUSED and its like: a system's word, not a person's code. */
const isErrorName = (code: unknown): boolean => typeof code === "string" && /^[A-Z][A-Z_]+$/.test(code);
