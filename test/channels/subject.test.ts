import { expect, test } from "vitest";
import { parseRecipient } from "../../src/channels/recipient.ts";
import { application } from "./application.ts";

const parse = (value: string) => parseRecipient({ kind: "subject", value }, application);

test.each(["u", "user-1", "Ada Lovelace", "+4930123456", "ada@example.org", "名前", "🔑".repeat(128)])("takes %s as it is", (value) => {
  expect(parse(value)).toEqual({ ok: true, recipient: { kind: "subject", value }, key: `subject:${value}` });
});

test("is never the number or the address it is called like", () => {
  const phone = parseRecipient({ kind: "phone", value: "+4930123456" }, application);
  expect(phone.ok).toBe(true);
  expect(parse("+4930123456")).not.toMatchObject({ key: phone.ok && phone.key });
});

test.each(["", "a".repeat(129), "🔑".repeat(129), "a\0b", "a\nb", "a\u2028b", "a\u0085b", "\ud800"])(
  "refuses %j, with the field and what to write",
  (value) => {
    expect(parse(value)).toMatchObject({
      ok: false,
      violation: { field: "recipient.subject", description: expect.stringMatching(/^(?:write|leave out) /) },
    });
  },
);
