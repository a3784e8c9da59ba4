import { expect, test } from "vitest";
import { loadGood, problemsOf, production } from "./production.ts";

const withKey = (key: object) => {
  const document = production();
  Object.assign(document.applications[0] ?? {}, { keys: [{ id: "k", hash: `sha256:${"ab".repeat(32)}`, ...key }] });
  return document;
};

test.for<[string, object, readonly string[]]>([
  ["a service's key sends, verifies and redeems", {}, ["codes", "proofs"]],
  ["a browser's key sends and verifies", { kind: "browser", origins: ["https://a.example"] }, ["codes"]],
  ["a key has the rights that it is given", { rights: ["admin"] }, ["admin"]],
])("%s", ([, key, rights]) => {
  expect(loadGood(withKey(key)).keys).toMatchObject([{ keyId: "k", rights }]);
});

test.for<[string, object, RegExp]>([
  [
    "a browser's key for more than codes",
    { kind: "browser", origins: ["https://a.example"], rights: ["codes", "admin"] },
    /keys\[0\]\.rights gives a browser's key, which everybody can read/,
  ],
  [
    "a right that does not exist",
    { rights: ["root"] },
    /keys\[0\]\.rights\[0\] cannot be used: write one of codes, proofs, authenticators, admin/,
  ],
  ["no right at all", { rights: [] }, /keys\[0\]\.rights is a list of 0/],
])("%s is refused", ([, key, problem]) => {
  expect(problemsOf(withKey(key))).toEqual([expect.stringMatching(problem)]);
});
