import { expect, test } from "vitest";
import { loadGood, problemsOf, production } from "./production.ts";

const withSandbox = (...sandbox: unknown[]) => {
  const document = production();
  Object.assign(document.applications[0] ?? {}, { sandbox });
  return document;
};
const listed = { recipient: "+491701234567", code: "123456", production: true };

test("recipients that are listed for production have their codes there", () => {
  const { applications } = loadGood(withSandbox(listed, { ...listed, recipient: "reviewer@example.com", code: "654321" }));
  expect([...(applications[0]?.sandbox ?? [])]).toEqual([
    ["+491701234567", "123456"],
    ["reviewer@example.com", "654321"],
  ]);
});

test.for<[string, unknown[], RegExp]>([
  ["not listed for production", [{ ...listed, production: undefined }], /sandbox\[0\]\.production is false, and this is production/],
  ["a pattern", [{ ...listed, recipient: "+49170*" }], /sandbox\[0\]\.recipient cannot be used: write one phone number in E\.164/],
  ["every address of a domain", [{ ...listed, recipient: "*@example.com" }], /sandbox\[0\]\.recipient cannot be used/],
  ["another spelling", [{ ...listed, recipient: "+49 170 1234567" }], /sandbox\[0\]\.recipient cannot be used/],
  ["a code of another length", [{ ...listed, code: "1234" }], /sandbox\[0\]\.code is no code of this application: write 6 digits/],
  ["a code of another alphabet", [{ ...listed, code: "ABCDEF" }], /sandbox\[0\]\.code is no code of this application: write 6 digits/],
  ["the same twice", [listed, listed], /sandbox\[1\]\.recipient stands in the list before/],
])("%s is refused", ([, sandbox, problem]) => {
  expect(problemsOf(withSandbox(...sandbox))).toEqual([expect.stringMatching(problem)]);
});
