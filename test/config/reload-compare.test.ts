import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { compareConfigs, withFixedParts } from "../../src/config/reload-compare.ts";
import { aProofKey, aSecret, loadGood, production, temporaryFolder, writeConfig } from "./production.ts";

type Document = ReturnType<typeof production> & Record<string, unknown>;

const changed = (change: (document: Document) => void, from: (document: Document) => void = () => {}) => {
  const document = production() as Document;
  from(document);
  const started = loadGood(document);
  change(document);
  return compare(started, loadGood(document));
};

function compare(started: Config, next: Config) {
  const { refused, warnings, ...rest } = compareConfigs({ started, running: started }, next);
  return { ...rest, refused: refused.map(formatProblem), warnings: warnings.map(formatProblem) };
}

const quiet = { refused: [], warnings: [] };

describe("what a reload makes of a change", () => {
  it("finds none in what was only read again, keys and all", () => {
    const file = writeConfig({
      ...production(),
      proofs: { issuer: "https://otp.example.com", keys: [aProofKey()] },
      secrets: { ...production().secrets, authenticatorKeys: [{ id: "a", secret: aSecret() }] },
      sendLimits: [{ key: "client", callers: "any", windowSeconds: 600, max: 5, action: "refuse" }],
    });
    const [one, two] = [1, 2].map(() => loadConfig({ env: {}, file })) as [ReturnType<typeof loadConfig>, ReturnType<typeof loadConfig>];
    if (!one.ok || !two.ok) throw new Error("not good");
    expect(compare(one.config, two.config)).toEqual({ changed: [], ...quiet });
  });

  it("names what is another now", () => {
    const found = changed((document) => {
      document.log = { level: "debug" };
      document.cors = { origins: ["https://app.example.com"] };
    });
    expect({ ...found, changed: found.changed.toSorted() }).toEqual({ changed: ["cors", "log"], ...quiet });
  });

  it("refuses another ledger key", () => {
    const { refused } = changed(({ secrets }) => Object.assign(secrets, { ledgerKey: aSecret() }));
    expect(refused).toEqual([expect.stringMatching(/^secrets\.ledgerKey is another one than before, .*: write the old one$/)]);
  });

  it.each<[string, (document: Document) => void]>([
    ["secrets.codeKeys[0]", ({ secrets }) => Object.assign(secrets.codeKeys[0] ?? {}, { secret: aSecret() })],
    ["secrets.authenticatorKeys[0]", ({ secrets }) => Object.assign(secrets, { authenticatorKeys: [{ id: "v", secret: aSecret() }] })],
    ["proofs.keys[0]", (document) => Object.assign(document.proofs as object, { keys: [aProofKey("p1")] })],
  ])("refuses another key under an id that is taken: %s", (setting, change) => {
    const { refused } = changed(change, (document) => {
      Object.assign(document.secrets, { authenticatorKeys: [{ id: "v", secret: aSecret() }] });
      document.proofs = { issuer: "https://otp.example.com", keys: [aProofKey("p1")] };
    });
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/is another key under the id \w+, .*: give the new key an id of its own, beside the old one$/);
    expect(refused[0]?.startsWith(`${setting} `)).toBe(true);
  });

  it("warns of what needs a restart, by name, and goes on with what was", () => {
    const document = production() as Document;
    const started = loadGood(document);
    document.listen = { grpc: "127.0.0.1:6000" };
    document.store = { url: "sqlite:/elsewhere.db" };
    const next = loadGood(document);
    expect(compare(started, next)).toMatchObject({
      refused: [],
      warnings: [
        "listen.grpc was changed, which takes effect after a restart; until then the old one holds",
        expect.stringMatching(/^store\.\w+ was changed, which takes effect after a restart/),
      ],
    });
    expect(withFixedParts(started, next)).toEqual(started);
  });

  it("warns of a code key that was dropped; adding one and promoting it is as it should be", () => {
    const [first, second] = [
      { id: "a", secret: aSecret() },
      { id: "b", secret: aSecret() },
    ];
    const step = (before: object[], after: object[], store = "sqlite:/x.db") =>
      changed(
        (document) => Object.assign(document.secrets, { codeKeys: after }),
        (document) => Object.assign(document, { secrets: { ...document.secrets, codeKeys: before }, store: { url: store } }),
      );
    const replicas = "mongodb://127.0.0.1/x?replicaSet=rs0";
    expect(step([first], [first, second], replicas)).toMatchObject(quiet);
    expect(step([first, second], [second, first], replicas)).toMatchObject(quiet);
    expect(step([second, first], [second]).warnings).toEqual([
      expect.stringMatching(/^secrets\.codeKeys no longer has a: this process still/),
    ]);
    expect(step([first], [second, first], replicas).warnings).toEqual([
      expect.stringMatching(/^secrets\.codeKeys\[0\] is new and signs at once/),
    ]);
    expect(step([first], [second, first]).warnings).toEqual([]);
  });

  it("warns of an authenticator key that was dropped", () => {
    const keys = ["v1", "v2"].map((id) => ({ id, secret: aSecret() }));
    const { warnings } = changed(
      ({ secrets }) => Object.assign(secrets, { authenticatorKeys: keys.slice(1) }),
      ({ secrets }) => Object.assign(secrets, { authenticatorKeys: keys.toReversed() }),
    );
    expect(warnings).toEqual([expect.stringMatching(/^secrets\.authenticatorKeys no longer has v1: .*reencrypt/)]);
  });

  it("warns of a proof key that signs unpublished, and of one whose proofs are under way", () => {
    const keys = [aProofKey("p1"), aProofKey("p2", "next")] as const;
    const step = (after: object[]) =>
      changed(
        (document) => Object.assign(document.proofs as object, { keys: after }),
        (document) => Object.assign(document, { proofs: { issuer: "https://otp.example.com", keys } }),
      ).warnings;
    const promoted = [
      { ...keys[0], status: "previous" },
      { ...keys[1], status: "current" },
    ];
    expect(step(promoted)).toEqual([]);
    expect(step([promoted[1] as object])).toEqual([expect.stringMatching(/^proofs\.keys no longer has p1, which signed until now/)]);
    expect(step([{ ...keys[0], status: "previous" }, aProofKey("p3")])).toEqual([
      expect.stringMatching(/^proofs\.keys has p3 sign that was not published before/),
    ]);
  });
});

it("loading tells what it has read, or should have", () => {
  const folder = temporaryFolder();
  const file = join(folder, "countersign.yaml");
  const document = production();
  writeFileSync(join(folder, "ledger"), aSecret(), { mode: 0o600 });
  document.secrets.ledgerKey = { file: "ledger" };
  document.secrets.codeKeys[0] = { id: "a", secret: { file: "/none/code" } };
  document.applications[0] = { ...document.applications[0], wording: { path: "texts" } };
  writeFileSync(file, JSON.stringify(document));
  expect(loadConfig({ env: {}, file })).toMatchObject({
    ok: false,
    files: [file, join(folder, "ledger"), "/none/code", join(folder, "texts")],
  });
});
