import { parseArgs } from "node:util";
import type { Recipient } from "../otp/types.ts";
import { UsageError } from "./command.ts";

/** The positional arguments, so many of them, and whether JSON is wanted. */
export function readArguments(
  args: readonly string[],
  names: readonly string[],
): { readonly values: readonly string[]; readonly json: boolean } {
  const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: "boolean" } } });
  if (positionals.length !== names.length) throw new UsageError(`Name ${names.join(" and ")}.`);
  return { values: positionals, json: values.json === true };
}

/** An address has an @, a number begins with +, and a subject is written `subject:ID`. */
export function recipientOf(text: string): Recipient {
  if (text.startsWith("subject:")) return { kind: "subject", value: text.slice("subject:".length) };
  return { kind: text.includes("@") ? "email" : "phone", value: text };
}

export const asJson = (value: unknown): string => `${JSON.stringify(value)}\n`;
