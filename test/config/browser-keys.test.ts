import { expect, test } from "vitest";
import { narrowApplication } from "../../src/config/caller-key-settings.ts";
import { loadDevelopment, loadGood, problemsOf, production } from "./production.ts";

const origins = ["https://app.example.com"];
const withKey = (key: object) => {
  const document = production();
  Object.assign(document.applications[0] ?? {}, { keys: [{ id: "k", hash: `sha256:${"ab".repeat(32)}`, ...key }] });
  return document;
};

test("a browser's key is for pages, purposes and channels", () => {
  const bound = { kind: "browser", origins, purposes: ["payment"], channels: ["email"] };
  const { keys, applications } = loadGood(withKey(bound));
  expect(keys).toMatchObject([bound]);
  const [shop] = applications;
  if (!shop || !keys[0]) throw new Error("neither application nor key");
  expect(narrowApplication({ ...shop, channels: ["sms", "email"] }, keys[0])).toMatchObject({
    purposes: ["payment"],
    defaultPurpose: "payment",
    channels: ["email"],
  });
  expect(narrowApplication(shop, {})).toBe(shop);
});

test("development needs no origins", () => {
  const keys = JSON.stringify([{ id: "k", hash: `sha256:${"ab".repeat(32)}`, kind: "browser" }]);
  expect(loadDevelopment({ COUNTERSIGN__applications__0__keys: keys }).keys).toMatchObject([{ kind: "browser" }]);
});

test.for<[string, object, RegExp]>([
  ["one without origins", { kind: "browser" }, /keys\[0\]\.origins is missing, and a browser's key/],
  ["an origin with a path", { kind: "browser", origins: ["https://a.example/x"] }, /keys\[0\]\.origins\[0\] is not an origin/],
  ["an origin without TLS", { kind: "browser", origins: ["http://a.example"] }, /keys\[0\]\.origins\[0\] is not an origin/],
  ["a purpose of nobody's", { kind: "browser", origins, purposes: ["logon"] }, /keys\[0\]\.purposes\[0\] is not among the purposes/],
  ["a channel of nobody's", { kind: "browser", origins, channels: ["sms"] }, /keys\[0\]\.channels\[0\] is not among the channels/],
  ["a service's key with origins", { origins }, /keys\[0\]\.origins is for keys of kind browser only/],
])("%s is refused", ([, key, problem]) => {
  expect(problemsOf(withKey(key))).toEqual([expect.stringMatching(problem)]);
});
