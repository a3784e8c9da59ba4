import { describe, expect, test } from "vitest";
import { dltConfig, findTemplate } from "../../src/providers/dlt.ts";

const templateId = "1107161234567890123";
const parse = (...templates: readonly object[]) =>
  dltConfig.parse({
    entityId: "1101123456789012345",
    templates: templates.map((each, index) => ({ templateId: `100000${index}`, ...each })),
  });
const find = (text: string, ...templates: readonly string[]) =>
  findTemplate({ text, locale: "en", purpose: "login" }, parse(...templates.map((each) => ({ text: each, templateId }))));
const matches = (text: string, template: string) => "text" in find(text, template);

describe("a text", () => {
  const registered = "{#var#} is your {#var#} code. It expires in {#var#}. Never share it.";

  test.each([
    "482913 is your Example code. It expires in 5 minutes. Never share it.",
    "4 is your X code. It expires in 1. Never share it.",
    `482913 is your ${"ü".repeat(30)} code. It expires in 5 minutes. Never share it.`,
    `482913 is your ${"💬".repeat(30)} code. It expires in 5 minutes. Never share it.`,
    "482913 is your is your code. It code. It expires in 5 minutes. Never share it.",
    "482913 is your a\nb code. It expires in 5 minutes. Never share it.",
  ])("%j reads like its template", (text) => {
    expect(matches(text, registered)).toBe(true);
  });

  test.each([
    "482913 is your Example code. It expires in 5 minutes. Never share it",
    "482913 is your Example code. It expires in 5 minutes. Never share it. ",
    "482913 is your Example Code. It expires in 5 minutes. Never share it.",
    "482913  is your  code. It expires in 5 minutes. Never share it.x",
    " is your Example code. It expires in 5 minutes. Never share it.",
    `482913 is your ${"x".repeat(31)} code. It expires in 5 minutes. Never share it.`,
    `482913 is your ${"💬".repeat(31)} code. It expires in 5 minutes. Never share it.`,
    "",
    registered.slice(0, -1),
    "482913 is your Example code to confirm amount 5 EUR, payee ACME Ltd. It expires in 5 minutes. Never share it!",
  ])("%j does not", (text) => {
    expect(matches(text, registered)).toBe(false);
  });

  test("numbers and words where the template says so", () => {
    const template = "{#numeric#} is your {#alphanumeric#} code";
    expect(matches("482913 is your Example Shop code", template)).toBe(true);
    expect(matches(`482913 is your ${"a".repeat(40)} code`, template)).toBe(true);
    expect(matches(`482913 is your ${"a".repeat(41)} code`, template)).toBe(false);
    expect(matches("48A913 is your Example code", template)).toBe(false);
    expect(matches("482913 is your Example! code", template)).toBe(false);
  });

  test("of a template without variables is that template", () => {
    expect(matches("Hello.", "Hello.")).toBe(true);
    expect(matches("Hello!", "Hello.")).toBe(false);
    expect(matches("constructor", "constructor")).toBe(true);
  });

  test("that almost reads like a template of many variables is found out at once", () => {
    const started = performance.now();
    expect(matches(`${"a".repeat(2000)}b`, `${"{#var#}".repeat(60)}a{#var#}c`)).toBe(false);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

test("templates are for a language and a purpose, where they say so", () => {
  const text = "Code: {#var#}";
  const dlt = parse({ text, locale: "hi" }, { text, purpose: "payment" }, { text, locale: "en-IN", purpose: "login" }, { text });
  const idFor = (locale: string, purpose?: string) => {
    const found = findTemplate({ text: "Code: 482913", locale, ...(purpose && { purpose }) }, dlt);
    return "templateId" in found ? found.templateId : found.tried;
  };
  expect(idFor("hi", "login")).toBe("1000000");
  expect(idFor("HI-in", "login")).toBe("1000000");
  expect(idFor("hil", "login")).toBe("1000003");
  expect(idFor("en", "payment")).toBe("1000001");
  expect(idFor("en-IN", "login")).toBe("1000002");
  expect(idFor("en", "login")).toBe("1000003");
  expect(idFor("en")).toBe("1000003");
});

test("what was tried is told, and what was for others is not", () => {
  const dlt = parse({ text: "A {#var#}" }, { text: "B {#var#}", purpose: "payment" }, { text: "C {#var#}", locale: "en" });
  expect(findTemplate({ text: "D 1", locale: "en", purpose: "login" }, dlt)).toEqual({ tried: ["1000000", "1000002"] });
});
