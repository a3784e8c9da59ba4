import fc from "fast-check";
import { type CountryCode, getCountries, getExampleNumber, parsePhoneNumberFromString } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { describe, expect, test } from "vitest";
import { dialCodeOf } from "../../src/channels/phone-number.ts";
import { parseRecipient } from "../../src/channels/recipient.ts";
import { applicationWith } from "./application.ts";

function parse(value: string, defaultCountry?: string) {
  return parseRecipient({ kind: "phone", value }, applicationWith(defaultCountry === undefined ? {} : { defaultCountry }));
}

function keyOf(value: string, defaultCountry?: string): string {
  const parsed = parse(value, defaultCountry);
  if (!parsed.ok) throw new Error(`${JSON.stringify(value)} was refused: ${parsed.violation.description}`);
  return parsed.key;
}

const numbers = getCountries().map((country) => {
  const number = getExampleNumber(country, examples);
  if (!number) throw new Error(`no example for ${country}`);
  return { country, number };
});

const countries = fc.constantFrom(...numbers);
const punctuation = fc.array(fc.constantFrom("", "", "", " ", "-", ".", "(", ")", " - ", "  "), { minLength: 24, maxLength: 24 });
const punctuated = (digits: string, marks: readonly string[]): string =>
  [...digits].map((digit, index) => digit + marks[index % 24]).join("");

describe("one number, one key", () => {
  test.each(numbers)("the spellings of $country", ({ country, number }) => {
    const key = keyOf(number.number);
    expect(keyOf(number.formatInternational())).toBe(key);
    expect(keyOf(number.formatNational(), country)).toBe(key);
    expect(keyOf(number.number, "US")).toBe(key);
    expect(keyOf(`00${number.number.slice(1)}`, "DE")).toBe(key);
    expect(parse(number.number)).toMatchObject({ ok: true, recipient: { kind: "phone", value: number.number } });
  });

  test("whatever the punctuation", () => {
    fc.assert(
      fc.property(countries, punctuation, ({ country, number }, marks) => {
        const key = keyOf(number.number);
        expect(keyOf(punctuated(number.number, marks).slice(0, 64))).toBe(key);
        const national = number.formatNational().replace(/\D/g, "");
        expect(keyOf(punctuated(national, marks).slice(0, 64), country)).toBe(key);
      }),
      { numRuns: 500 },
    );
  });

  test("canonical form stays as it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 998 }), fc.integer({ min: 1_000_000, max: 99_999_999_999 }), (code, rest) => {
        const parsed = parse(`+${code}${rest}`);
        if (!parsed.ok) return;
        expect(parse(parsed.recipient.value)).toEqual(parsed);
      }),
      { numRuns: 3000 },
    );
  });

  const pairs: readonly (readonly [why: string, one: string, other: string, country?: CountryCode])[] = [
    ["the trunk zero after the country code", "+44 (0)20 7946 0958", "+442079460958"],
    ["the country code in parentheses", "(+49) 30 123456", "+4930123456"],
    ["Argentine mobiles with and without 9", "+54 9 11 2345-6789", "+54 11 2345-6789"],
    ["Argentine mobiles with 15", "011 15-2345-6789", "+54 9 11 2345-6789", "AR"],
    ["Brazilian mobiles before and after the ninth digit", "+55 11 7123-4567", "+55 11 97123-4567"],
    ["Mexican mobiles", "55 1234 5678", "+52 55 1234 5678", "MX"],
    ["Gabon's leading zero", "+241 6 03 12 34", "+241 06 03 12 34"],
    ["San Marino's own prefix", "+378 886377", "+378 0549 886377"],
    ["San Marino by way of Italy", "+39 0549 886377", "+378 0549 886377"],
    ["a German number without its plus that can be no other", "49 30 123456", "+4930123456", "DE"],
    ["an American number that starts like an Emirate's", "(971) 800-1234", "+19718001234", "US"],
    ["North America's own prefix for abroad", "011 44 20 7946 0958", "+442079460958", "US"],
    ["North America's trunk one", "1 (212) 555-0123", "+12125550123", "US"],
  ];
  for (const [why, one, other, country] of pairs) test(why, () => expect(keyOf(one, country)).toBe(keyOf(other, country)));

  test("but not two numbers, as Italy's zero belongs to the number", () => {
    expect(keyOf("+39 06 1234 5678")).not.toBe(keyOf("+39 312 345 6789"));
    expect(parse("+39 6 1234 5678").ok).toBe(false);
    expect(keyOf("+55 11 96123-4567")).not.toBe(keyOf("+55 11 97123-4567"));
  });
});

const refused: readonly (readonly [why: string, text: string, country?: CountryCode])[] = [
  ["nothing", ""],
  ["blanks", "   "],
  ["too much", "+49 151 1234 5678".padEnd(65)],
  ["national digits without a country", "0151 12345678"],
  ["00 without a country", "0049 151 12345678"],
  ["an extension", "+4930123456 ext. 7"],
  ["an extension after x", "+4930123456x7"],
  ["an extension after a semicolon", "+4930123456;ext=7"],
  ["an extension after a number sign", "+4930123456#7"],
  ["letters", "+1 800 FLOWERS"],
  ["a tel: URI", "tel:+4930123456"],
  ["a slash", "030/123456", "DE"],
  ["full-width digits", "+４９30123456"],
  ["Arabic digits", "+٤٩30123456"],
  ["a full-width plus", "＋4930123456"],
  ["a no-break space", "+49\u00a030123456"],
  ["a direction mark", "\u202a+4930123456\u202c"],
  ["a zero-width space", "+4930\u200b123456"],
  ["a minus sign that is no hyphen", "+49\u221230123456"],
  ["a tab", "+49\t30123456"],
  ["a line break", "+4930123456\n"],
  ["NUL", "+4930123456\0"],
  ["half a character", "+4930123456\ud800"],
  ["two plus signs", "++4930123456"],
  ["a plus sign within", "49+30123456"],
  ["two numbers", "+4930123456 +4930123457"],
  ["too few digits", "+4930"],
  ["too many digits", "+4930123456789012345"],
  ["a country code nobody has", "+999123456789"],
  ["a number nobody can have", "+1 212 155 0123"],
  ["a number without its plus that is another one as national", "49 151 2345 6789", "DE"],
  ["an emergency number", "110", "DE"],
  ["an emergency number with a country code", "+49110"],
];

for (const [why, text, country] of refused) {
  test(`refuses ${why}, with the field and what to write`, () => {
    const violation = { field: "recipient.phone_number", description: expect.stringMatching(/^write /) };
    expect(parse(text, country)).toMatchObject({ ok: false, violation });
  });
}

test("takes any text without throwing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => typeof parse(text, "DE").ok === "boolean"),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."+0123456789 ()-."), maxLength: 70 }),
      (text) => typeof parse(text, "US").ok === "boolean",
    ),
    { numRuns: 2000 },
  );
});

describe("the country calling code", () => {
  test("is the one that the numbering plans name, for every beginning", () => {
    const beginnings = Array.from({ length: 999 }, (_, index) => `+${index + 1}`);
    const ours = beginnings.map((beginning) => [beginning, dialCodeOf(`${beginning}12345678`)]);
    const theirs = beginnings.map((beginning) => {
      const code = parsePhoneNumberFromString(`${beginning}12345678`)?.countryCallingCode;
      return [beginning, code && `+${code}`];
    });
    expect(ours).toEqual(theirs);
  });

  test.each(["", "+", "49151", "+0151"])("of %j there is none", (text) => {
    expect(dialCodeOf(text)).toBeUndefined();
  });
});
