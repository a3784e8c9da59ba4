import { expect, test } from "vitest";
import { loadGood, problemsOf, production } from "./production.ts";

const withTracing = (tracing: unknown) => ({ ...production(), tracing });
const problems = (tracing: unknown): string[] => problemsOf(withTracing(tracing)).filter((line) => line.startsWith("tracing"));
const endpoint = "https://collector.example.com/v1/traces";

test("without it no traces are made; with an endpoint alone, one in a hundred", () => {
  expect(loadGood(production()).tracing).toBeUndefined();
  expect(loadGood(withTracing({ endpoint })).tracing).toEqual({ endpoint, headers: {}, sampleRatio: 0.01, serviceName: "countersign" });
  expect(loadGood(withTracing({ endpoint: "http://collector:4318/v1/traces" })).tracing?.endpoint).toBe("http://collector:4318/v1/traces");
});

test.each(["collector:4318", "ftp://collector/x", "http://u:p@collector/x", "http://collector/x#y", "http://a b/", 4318, ""])(
  "an endpoint like %j is refused",
  (wrong) => {
    expect(problems({ endpoint: wrong })).toEqual([expect.stringMatching(/^tracing\.endpoint .*the http:\/\/ or https:\/\/ URL/)]);
  },
);

test.each([-0.1, 1.1, "all", Number.NaN])("a ratio of %j is refused", (sampleRatio) => {
  expect(problems({ endpoint, sampleRatio })).toEqual([expect.stringMatching(/^tracing\.sampleRatio .*a number from 0 to 1/)]);
});

test("headers may stand elsewhere, and no problem repeats one", () => {
  const headers = { "x-api-key": { env: "COLLECTOR_KEY" } };
  expect(loadGood(withTracing({ endpoint, headers }), { COLLECTOR_KEY: "geheim" }).tracing?.headers).toEqual({ "x-api-key": "geheim" });
  const wrong = problems({ endpoint, headers: { "x-api-key": "hunter2\nhunter2" } });
  expect(wrong).toEqual([expect.stringMatching(/^tracing\.headers\.x-api-key .*visible ASCII/)]);
  expect(wrong.join()).not.toContain("hunter2");
});

test("headers go over an encrypted connection, or to this machine only", () => {
  const headers = { authorization: "Bearer x" };
  for (const loopback of ["http://127.0.0.1:4318/v1/traces", "http://[::1]:4318/v1/traces", "http://localhost/v1/traces"])
    expect(problems({ endpoint: loopback, headers })).toEqual([]);
  expect(problems({ endpoint: "http://collector:4318/v1/traces", headers })).toEqual([
    expect.stringMatching(/^tracing\.endpoint .*write an https:\/\/ URL, or leave headers out/),
  ]);
});

test.each([
  { host: "x" },
  { "content-type": "x" },
  { "a b": "x" },
  Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`x-${i}`, "y"])),
])("headers of the service's own, broken names and too many are refused: %j", (headers) => {
  expect(problems({ endpoint, headers })).toHaveLength(1);
});

test("an unknown setting and a name that is none", () => {
  expect(problems({ endpoint, sampleRate: 1 })).toEqual([expect.stringMatching(/sampleRate is unknown.*did you mean sampleRatio/)]);
  expect(problems({ endpoint, serviceName: "my service" })).toEqual([expect.stringMatching(/^tracing\.serviceName .*a name of 1 to 64/)]);
});
