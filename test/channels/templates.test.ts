import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createEmailRoute } from "../../src/channels/email.ts";
import { createSmsRoute } from "../../src/channels/sms.ts";
import { createVoiceRoute } from "../../src/channels/voice.ts";
import { createWhatsappRoute } from "../../src/channels/whatsapp.ts";
import type { Wording } from "../../src/otp/ports.ts";
import type { MessageTemplate } from "../../src/otp/types.ts";
import { application, noCarrier } from "./application.ts";
import { mailTemplate, smsTemplate, voiceTemplate, wordedBy } from "./templates.ts";

const routes = { sms: createSmsRoute, email: createEmailRoute, voice: createVoiceRoute, whatsapp: createWhatsappRoute };
const compose = (template: MessageTemplate, more: Partial<Wording> = {}) =>
  routes[template.channel as keyof typeof routes](noCarrier).compose(wordedBy([template], more));
const check = (template: MessageTemplate, more: Partial<Wording> = {}) =>
  routes[template.channel as keyof typeof routes](noCarrier).check(wordedBy([template], more));

describe("the text that is chosen", () => {
  const templates = [
    smsTemplate("{code} any en"),
    smsTemplate("{code} any de-CH", { locale: "de-CH" }),
    smsTemplate("{code} payment de", { locale: "de", purpose: "payment" }),
    smsTemplate("{code} any fr", { locale: "fr" }),
    { ...smsTemplate("{code} whatsapp de"), channel: "whatsapp", locale: "de" } as MessageTemplate,
  ];
  test.each([
    ["en", "login", "en", "482913 any en"],
    ["en-GB", "login", "en", "482913 any en"],
    ["de-CH", "login", "en", "482913 any de-CH"],
    ["de-CH", "payment", "en", "482913 payment de"],
    ["de", "login", "en", "482913 ist Ihr Code für Example"],
    ["fr-CA", "payment", "en", "482913 any fr"],
    ["cs", "login", "fr-FR", "482913 any fr"],
    ["cs", "payment", "de", "482913 payment de"],
    ["cs", "login", "sk", "482913 any en"],
    ["it", "login", "en", "482913 è il tuo codice"],
  ])("for %s, %s, in an application of %s begins %j", (locale, purpose, defaultLocale, text) => {
    const worded = wordedBy(templates, { locale, purpose, application: { ...application, defaultLocale } });
    expect(createSmsRoute(noCarrier).compose(worded).text.slice(0, text.length)).toBe(text);
  });
});

describe("variables", () => {
  test("are what every text may name", () => {
    const text = "{code} {app} {lifetime} {minutes} {minutes, plural, one {min} other {mins}}";
    expect(compose(smsTemplate(text)).text).toBe("482913 Example 5 minutes 5 mins");
    expect(compose(smsTemplate(text), { lifetimeMs: 59_000 }).text).toBe("482913 Example 59 seconds 1 min");
  });

  test("of a language that does not come with the service count time in that language", () => {
    expect(compose(smsTemplate("{code} {lifetime}", { locale: "cs" }), { locale: "cs" }).text).toBe("482913 5 minut");
    expect(compose(smsTemplate("{code} {lifetime}", { locale: "fa" }), { locale: "fa" }).text).toBe("482913 5 دقیقه");
  });

  test("are the caller's, or part of the binding, which goes first", () => {
    const template = smsTemplate("{code} at {shop} for {amount}", { variables: { shop: 20, amount: 20 } });
    const variables = { shop: "Kiosk", amount: "1 EUR", unknown: "ignored" };
    expect(compose(template, { variables }).text).toBe("482913 at Kiosk for 1 EUR");
    expect(compose(template, { variables, binding: { amount: "2 EUR" } }).text).toBe("482913 at Kiosk for 2 EUR");
  });

  test.each<[string, Partial<Wording>, string]>([
    ["a missing one", {}, 'template_variables["shop"]: the wording of this purpose needs it'],
    ["a long one", { variables: { shop: "x".repeat(21) } }, 'template_variables["shop"]: at most 20 characters, please; these are 21'],
    ["a link", { variables: { shop: "https://evil.example" } }, 'template_variables["shop"]: has a link'],
    ["a domain", { variables: { shop: "EVIL.example" } }, 'template_variables["shop"]: has a link'],
    ["a hidden domain", { variables: { shop: "evil\u200b.\u00adexample" } }, 'template_variables["shop"]: has a link'],
    ["a full-width domain", { variables: { shop: "evil．ｃｏｍ" } }, 'template_variables["shop"]: has a link'],
    ["an ideographic domain", { variables: { shop: "evil。com" } }, 'template_variables["shop"]: has a link'],
    ["an address of a machine", { variables: { shop: "go 203.0.113.7/x" } }, 'template_variables["shop"]: has a link'],
  ])("%s is refused by name", (_what, more, violation) => {
    const template = smsTemplate("{code} at {shop}", { variables: { shop: 20 } });
    expect(check(template, more).map(({ field, description }) => `${field}: ${description}`)).toEqual([
      expect.stringMatching(new RegExp(`^${violation.replace(/[[\]().]/g, "\\$&")}`)),
    ]);
  });

  test.each(["Kiosk", "J. R. R. Tolkien", "J.R.R.T.", "1.234,50 EUR", "12.30 Uhr", "今日。明日", "Dr. No", "no...", "x".repeat(20)])(
    "%j is no link",
    (shop) => {
      const template = smsTemplate("{code} at {shop}", { variables: { shop: 20 } });
      expect(check(template, { variables: { shop } })).toEqual([]);
      expect(compose(template, { variables: { shop } }).text).toBe(`482913 at ${shop}`);
    },
  );

  test("may hold links where the template says so", () => {
    const template = smsTemplate("{code} {page}", { variables: { page: 60 }, allowLinks: true });
    const variables = { page: "https://shop.example/order?id=1" };
    expect(check(template, { variables })).toEqual([]);
    expect(compose(template, { variables }).text).toBe("482913 https://shop.example/order?id=1");
  });

  test("that the text does not name need not be good", () => {
    expect(check(smsTemplate("{code}"), { variables: { page: "https://evil.example", long: "x".repeat(140) } })).toEqual([]);
  });

  test("never make a line, and never throw, whatever they are called and hold", () => {
    const names = fc.constantFrom("shop", "__proto__", "constructor", "toString", "code", "app", "details");
    fc.assert(
      fc.property(fc.dictionary(names, fc.string({ unit: "binary", maxLength: 60 })), (variables) => {
        const template = smsTemplate("{code} {shop} {shop, select, toString {a} other {b}}", { variables: { shop: 60 }, allowLinks: true });
        const { text } = compose(template, { variables, autofill: { webOrigin: "example.com" } });
        expect(text.split("\n")).toHaveLength(2);
        expect(text).toMatch(/^482913 /);
      }),
      { numRuns: 500 },
    );
  });

  test("that are missing after all make way for the text of the service", () => {
    const template = smsTemplate("{code} at {shop}", { variables: { shop: 20 }, locale: "de" });
    expect(compose(template, { locale: "de" }).text).toMatch(/^482913 ist Ihr Code für Example\./);
  });
});

describe("what the code confirms", () => {
  const binding = { amount: "49.90 EUR", payee: "ACME" };

  test("is added where the text does not name it", () => {
    expect(compose(smsTemplate("{code} is it."), { binding }).text).toBe("482913 is it.\namount 49.90 EUR, payee ACME");
    expect(compose(smsTemplate("{code} for {details}."), { binding }).text).toBe("482913 for amount 49.90 EUR, payee ACME.");
    const amount = smsTemplate("{code} for {amount}.", { variables: { amount: 20 } });
    expect(compose(amount, { binding }).text).toBe("482913 for 49.90 EUR.\npayee ACME");
    expect(compose(amount, { binding: { amount: "5", payee: "482913" } }).text).toBe("482913 for 5.\npayee 482913");
  });

  test("is added where a select leaves it out", () => {
    const template = smsTemplate("{code}{tone, select, long { for {details}} other {.}}", { variables: { tone: 5 } });
    expect(compose(template, { binding, variables: { tone: "long" } }).text).toBe("482913 for amount 49.90 EUR, payee ACME");
    expect(compose(template, { binding, variables: { tone: "short" } }).text).toBe("482913.\namount 49.90 EUR, payee ACME");
  });

  test("is added to calls and emails", () => {
    const call = compose(voiceTemplate("This is {app}:", "Bye."), { binding });
    expect(call.speech).toMatchObject({ before: "This is Example:", after: "Bye. amount 49.90 EUR, payee ACME." });
    expect(compose(voiceTemplate("For {details}:", "Bye."), { binding }).speech?.after).toBe("Bye.");
    const mail = compose(mailTemplate("{code}"), { binding });
    expect(mail.text).toBe("482913\n\namount: 49.90 EUR\npayee: ACME\n");
    for (const value of ["49.90 EUR", "ACME"]) expect(mail.html).toContain(`>${value}<`);
    const shown = compose(mailTemplate("{code} {details}", { html: "<b>{code}</b>" }), { binding });
    expect(shown.text).toBe("482913 amount 49.90 EUR, payee ACME\n");
    expect(shown.html).toContain(">49.90 EUR<");
  });

  test("is wanted by a text that names it", () => {
    expect(check(smsTemplate("{code} for {details}"))).toEqual([
      { field: "binding", description: expect.stringContaining("give it here") },
    ]);
    expect(check(smsTemplate("{code} for {details}"), { binding })).toEqual([]);
    expect(compose(smsTemplate("{code} for {details}")).text).toMatch(/^482913 is your Example code\./);
  });
});

describe("an email", () => {
  test("has the template's sender and subject, in one line", () => {
    const template = mailTemplate("{code}", { subject: "Code for {app} at {shop}", fromName: "Payments", variables: { shop: 30 } });
    const mail = compose(template, { variables: { shop: "a\r\nBcc: eve@x" } });
    expect(mail).toMatchObject({ subject: "Code for Example at a Bcc: eve@x", fromName: "Payments" });
    expect(compose(mailTemplate("{code}"))).not.toHaveProperty("fromName");
  });

  test("escapes values in HTML, and leaves the template's tags", () => {
    const template = mailTemplate("{code} {shop}", { html: '<p title="{shop}">{shop} <b>{code}</b></p>', variables: { shop: 30 } });
    const { html, text } = compose(template, { variables: { shop: `"><script>alert('1')&` } });
    expect(html).toContain('<p title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&amp;">');
    expect(html).toContain("<b>482913</b>");
    expect(html).not.toContain("<script");
    expect(text).toContain(`"><script>`);
  });

  test("has HTML made of its text where there is none of its own", () => {
    const { html, text } = compose(mailTemplate("Your code:\n\n{code}\n\nFrom <{app}>\nBye.\n"));
    expect(text).toBe("Your code:\n\n482913\n\nFrom <Example>\nBye.\n");
    expect(html).toContain(">482913</td>");
    expect(html).toContain("From &lt;Example&gt;<br>Bye.");
    expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr">/);
  });

  test("in a right-to-left language is laid out so", () => {
    const template = mailTemplate("{code} {app}", { locale: "fa" });
    expect(compose(template, { locale: "fa" }).html).toContain('<html lang="fa" dir="rtl">');
    expect(compose(template, { locale: "fa" }).text).toBe("482913 \u2068Example\u2069\n");
  });
});
