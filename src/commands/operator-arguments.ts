import type { Recipient } from "../otp/types.ts";
import { configOption, jsonOption } from "./command.ts";

export const operatorOptions = { config: configOption, json: jsonOption } as const;

export const applicationOperand = { name: "APPLICATION", about: "The id of an application of the configuration." } as const;
export const recipientOperand = { name: "RECIPIENT", about: "A phone number with its +, an email address, or subject:ID." } as const;

/** An address has an @, a number begins with +, and a subject is written `subject:ID`. */
export function recipientOf(text: string): Recipient {
  if (text.startsWith("subject:")) return { kind: "subject", value: text.slice("subject:".length) };
  return { kind: text.includes("@") ? "email" : "phone", value: text };
}

export const asJson = (value: unknown): string => `${JSON.stringify(value)}\n`;
