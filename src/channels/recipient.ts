import type { ParsedRecipient, ParseRecipient } from "../otp/ports.ts";
import { parseEmailAddress } from "./email-address.ts";
import { parsePhoneNumber } from "./phone-number.ts";

/** What a spelling stands for: `value` is sent to, `key` is counted and locked. `problem` says what to write instead. */
export type Spelling = { readonly value: string; readonly key: string } | { readonly problem: string };

/** The kind is part of the key: a subject that is called like a number is not that number. */
export const parseRecipient: ParseRecipient = ({ kind, value }, { recipients }): ParsedRecipient => {
  switch (kind) {
    case "phone":
      return parsed(kind, "recipient.phone_number", parsePhoneNumber(value, recipients.defaultCountry));
    case "email":
      return parsed(kind, "recipient.email_address", parseEmailAddress(value, recipients.ignorePlusTag));
    case "subject":
      return parsed(kind, "recipient.subject", parseSubject(value));
  }
};

function parsed(kind: "phone" | "email" | "subject", field: string, spelling: Spelling): ParsedRecipient {
  if ("problem" in spelling) return { ok: false, violation: { field, description: spelling.problem } };
  return { ok: true, recipient: { kind, value: spelling.value }, key: `${kind}:${spelling.key}` };
}

function parseSubject(text: string): Spelling {
  if (text === "") return { problem: "write your own id of the user, 1 to 128 characters" };
  if (text.length > 256 || [...text].length > 128) return { problem: "write at most 128 characters" };
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u.test(text))
    return { problem: "leave out control characters, line breaks and halves of characters" };
  return { value: text, key: text };
}
