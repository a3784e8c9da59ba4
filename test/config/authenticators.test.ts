import { expect, test } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { aSecret, loadDevelopment, loadGood, problemsOf, production, writeConfig } from "./production.ts";

/** The settings of the one application, and the keys. */
const withSettings = (authenticators: unknown, authenticatorKeys?: unknown) => {
  const document = production();
  const [application] = document.applications as [Record<string, unknown>];
  return {
    ...document,
    secrets: { ...document.secrets, ...(authenticatorKeys !== undefined && { authenticatorKeys }) },
    applications: [{ ...application, ...(authenticators !== undefined && { authenticators }) }],
  };
};

test("without a word there are no keys, and the defaults of every app", () => {
  const { authenticatorKeys, applications } = loadGood(withSettings(undefined));
  expect(authenticatorKeys).toBeUndefined();
  expect(applications[0]?.authenticators).toEqual({
    issuer: "Shop",
    max: 5,
    confirmMs: 600_000,
    totp: { algorithm: "sha1", digits: 6, periodSeconds: 30, window: 1, maxDrift: 2 },
    hotp: { algorithm: "sha1", digits: 6, lookAhead: 10, resyncAhead: 100 },
  });
});

test("keys keep their order, and come from a variable like other secrets", () => {
  const keys = [
    { id: "new", secret: { env: "NEW_KEY" } },
    { id: "old", secret: aSecret() },
  ];
  const loaded = loadConfig({ env: { COUNTERSIGN_CONFIG: writeConfig(withSettings(undefined, keys)), NEW_KEY: aSecret() } });
  expect(loaded.ok && loaded.config.authenticatorKeys?.map(({ id }) => id)).toEqual(["new", "old"]);
});

test("development mode has a key that everybody knows, which production refuses", () => {
  expect(loadDevelopment().authenticatorKeys).toEqual(loadDevelopment().authenticatorKeys);
  const [known] = loadDevelopment().authenticatorKeys ?? [];
  const secret = Buffer.from(known?.secret ?? []).toString("base64");
  expect(problemsOf(withSettings(undefined, [{ id: "a", secret }]))).toEqual([
    "secrets.authenticatorKeys[0].secret is the one of development mode, which everybody knows: write what make-secret prints",
  ]);
});

test("what cannot be is told by its setting", () => {
  const secret = aSecret();
  const keys = [
    { id: "a", secret },
    { id: "a", secret },
    { id: "b.c", secret: "replace me" },
  ];
  const authenticators = {
    issuer: "a:b",
    max: 21,
    confirmSeconds: 59,
    totp: { algorithm: "md5", digits: 5, periodSeconds: 121, window: 4, maxDriftSteps: 11 },
    hotp: { algorithm: "sha1", digits: 9, lookAhead: 51, resyncAhead: 0 },
  };
  expect(
    problemsOf(withSettings(authenticators, keys))
      .map((problem) => problem.split(" ")[0])
      .toSorted(),
  ).toEqual([
    "applications[0].authenticators.confirmSeconds",
    "applications[0].authenticators.hotp.digits",
    "applications[0].authenticators.hotp.lookAhead",
    "applications[0].authenticators.hotp.resyncAhead",
    "applications[0].authenticators.issuer",
    "applications[0].authenticators.max",
    "applications[0].authenticators.totp.algorithm",
    "applications[0].authenticators.totp.digits",
    "applications[0].authenticators.totp.maxDriftSteps",
    "applications[0].authenticators.totp.periodSeconds",
    "applications[0].authenticators.totp.window",
    "secrets.authenticatorKeys[1].id",
    "secrets.authenticatorKeys[1].secret",
    "secrets.authenticatorKeys[2].id",
    "secrets.authenticatorKeys[2].secret",
  ]);
});
