import fc from "fast-check";
import parseAddresses from "nodemailer/lib/addressparser";
import { describe, expect, test } from "vitest";
import { parseRecipient } from "../../src/channels/recipient.ts";
import { applicationWith } from "./application.ts";

const parse = (value: string, ignorePlusTag = false) => parseRecipient({ kind: "email", value }, applicationWith({ ignorePlusTag }));

function accept(value: string, ignorePlusTag = false): { value: string; key: string } {
  const parsed = parse(value, ignorePlusTag);
  if (!parsed.ok) throw new Error(`${JSON.stringify(value)} was refused: ${parsed.violation.description}`);
  return { value: parsed.recipient.value, key: parsed.key };
}

describe("one address, one key", () => {
  test("case is kept for sending and dropped from the key", () => {
    expect(accept("Ada.Lovelace@EXAMPLE.org")).toEqual({ value: "Ada.Lovelace@example.org", key: "email:ada.lovelace@example.org" });
  });

  test("plus-tags are kept for sending, and dropped from the key only where the application says so", () => {
    expect(accept("ada+one+two@example.org").key).toBe("email:ada+one+two@example.org");
    expect(accept("ada+one+two@example.org", true)).toEqual({ value: "ada+one+two@example.org", key: "email:ada@example.org" });
    expect(accept("+one@example.org", true).key).toBe("email:+one@example.org");
  });

  test.each([
    ["münchen.example", "xn--mnchen-3ya.example"],
    ["MÜNCHEN.example", "xn--mnchen-3ya.example"],
    ["mu\u0308nchen.example", "xn--mnchen-3ya.example"],
    ["XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"],
    ["ｅｘａｍｐｌｅ.org", "example.org"],
    ["faß.example", "xn--fa-hia.example"],
    ["例え.jp", "xn--r8jz45g.jp"],
    ["a.b.example", "a.b.example"],
    ["1.2.example", "1.2.example"],
    ["r3---sn.example", "r3---sn.example"],
  ])("the domain %s is %s", (domain, ascii) => {
    expect(accept(`ada@${domain}`)).toEqual({ value: `ada@${ascii}`, key: `email:ada@${ascii}` });
  });

  test("domains that only look alike stay apart", () => {
    expect(accept("ada@\u0430pple.example").key).not.toBe(accept("ada@apple.example").key);
  });
});

const long = (length: number): string => "a".repeat(length);

const refused: readonly (readonly [why: string, text: string])[] = [
  ["nothing", ""],
  ["no @", "ada.example.org"],
  ["two @", "ada@home@example.org"],
  ["nothing before the @", "@example.org"],
  ["nothing after the @", "ada@"],
  ["a display name", "Ada <ada@example.org>"],
  ["brackets", "<ada@example.org>"],
  ["two addresses", "ada@example.org,eve@example.org"],
  ["two addresses after a semicolon", "ada@example.org;eve@example.org"],
  ["a comment", "ada(comment)@example.org"],
  ["a comment in the domain", "ada@example.org(comment)"],
  ["a quoted local part", '"ada"@example.org'],
  ["a quoted address within", '"eve@example.net x"@example.org'],
  ["a backslash", "ada\\@example.org"],
  ["a group", "team:ada@example.org;"],
  ["a space", "ada lovelace@example.org"],
  ["a space in front", " ada@example.org"],
  ["a space behind", "ada@example.org "],
  ["a line break and a header", "ada@example.org\r\nBcc: eve@example.org"],
  ["a line break in the local part", "ada\r\n@example.org"],
  ["NUL", "ada\0@example.org"],
  ["half a character", "ada\ud800@example.org"],
  ["a route of old", "eve%example.net@example.org"],
  ["a path of old", "example.net!eve@example.org"],
  ["a dot first", ".ada@example.org"],
  ["a dot last", "ada.@example.org"],
  ["two dots", "ada..lovelace@example.org"],
  ["a local part beyond ASCII", "ädä@example.org"],
  ["full-width letters", "ａda@example.org"],
  ["a zero-width space", "ada\u200b@example.org"],
  ["65 characters before the @", `${long(65)}@example.org`],
  ["255 characters", `a@${long(63)}.${long(63)}.${long(63)}.${long(57)}.org`],
  ["a label of 64 characters", `a@${long(64)}.org`],
  ["an address literal", "ada@[127.0.0.1]"],
  ["an IPv4 address", "ada@127.0.0.1"],
  ["a short IPv4 address", "ada@127.1"],
  ["a hexadecimal IPv4 address", "ada@0x7f.1"],
  ["a single label", "ada@localhost"],
  ["a port", "ada@example.org:25"],
  ["a path", "ada@example.org/x"],
  ["a percent sign in the domain", "ada@exam%70le.org"],
  ["an underscore in the domain", "ada@exa_mple.org"],
  ["a dot at the end", "ada@example.org."],
  ["two dots in the domain", "ada@example..org"],
  ["a hyphen first", "ada@-example.org"],
  ["a hyphen last", "ada@example-.org"],
  ["an ideographic dot", "ada@example。org"],
  ["a soft hyphen", "ada@exam\u00adple.org"],
  ["a zero-width joiner", "ada@exam\u200dple.org"],
  ["a direction mark", "ada@\u202eexample.org"],
  ["a filler that looks like nothing", "ada@\u3164example.org"],
  ["a heart", "ada@i❤.ws"],
  ["Punycode that decodes to nothing", "ada@xn--a.example"],
  ["Punycode of plain ASCII", "ada@xn--example-.org"],
];

test.each(refused)("refuses %s, with the field and what to write", (_why, text) => {
  expect(parse(text)).toMatchObject({
    ok: false,
    violation: { field: "recipient.email_address", description: expect.stringMatching(/^(?:write|leave out) /) },
  });
});

test("takes exactly the longest address there is", () => {
  const longest = `${long(64)}@${long(63)}.${long(63)}.${long(57)}.org`;
  expect(longest).toHaveLength(254);
  expect(accept(longest).value).toBe(longest);
  expect(parse(`a${longest}`).ok).toBe(false);
});

const symbols = `abcdeABCDE0123+-_.=!%&'"(),:;<>[]\\ @@\t\r\n`;
const nearAddresses = fc.oneof(
  fc.emailAddress(),
  fc.tuple(fc.string({ unit: fc.constantFrom(...symbols), maxLength: 20 }), fc.domain()).map(([local, domain]) => `${local}@${domain}`),
  fc
    .tuple(fc.constantFrom("ada", "a+b"), fc.string({ unit: fc.constantFrom(...symbols, ..."üａ。\u00ad\u200b"), maxLength: 20 }))
    .map(([local, domain]) => `${local}@${domain}.org`),
  fc.string({ unit: "binary", maxLength: 40 }),
);

test("what is accepted is that one address to the parser of the mail library, and to ourselves", () => {
  let accepted = 0;
  fc.assert(
    fc.property(nearAddresses, (text) => {
      const parsed = parse(text);
      if (!parsed.ok) return;
      accepted += 1;
      const { value } = parsed.recipient;
      expect(parseAddresses(value)).toEqual([{ address: value, name: "" }]);
      expect(parseAddresses(`Somebody <${value}>`)).toEqual([{ address: value, name: "Somebody" }]);
      expect(parse(value)).toEqual(parsed);
      expect(parse(value.toUpperCase())).toMatchObject({ key: parsed.key });
    }),
    { numRuns: 5000 },
  );
  expect(accepted).toBeGreaterThan(500);
});
