import { expect, it } from "vitest";
import { anApplication, loadGood, problemsOf, production } from "./production.ts";
import { tlsFiles } from "./tls-files-kit.ts";

const issuer = { id: "corp", issuer: "https://id.example.com/", audience: "countersign", jwksUrl: "https://id.example.com/jwks" };
const token = { id: "jobs", issuer: "corp", claim: "azp", value: "jobs" };

const withCallers = (callers: object, more: object = {}) => ({
  ...production(),
  tokenIssuers: [issuer],
  ...more,
  applications: [{ ...anApplication("shop"), ...callers }],
});
const withCertificates = async (...certificates: object[]) => withCallers({ certificates }, { listen: { tls: await tlsFiles() } });

it("callers are known by certificates and tokens, on the terms that keys have", async () => {
  const config = loadGood(
    withCallers(
      { keys: [], certificates: [{ id: "mesh", names: ["*.Internal"] }], tokens: [{ ...token, rights: ["codes"], rightsClaim: "scope" }] },
      { listen: { tls: await tlsFiles(), grpc: "0.0.0.0:1" } },
    ),
  );
  const terms = { applicationId: "shop", kind: "service" };
  expect(config.certificates).toEqual([{ ...terms, keyId: "mesh", names: ["*.Internal"], rights: ["codes", "proofs"] }]);
  expect(config.tokens).toEqual([
    { ...terms, keyId: "jobs", issuer: "corp", claim: "azp", value: "jobs", rights: ["codes"], rightsClaim: "scope", rightsPrefix: "" },
  ]);
  expect(config.tokenIssuers).toEqual([
    {
      ...issuer,
      algorithms: ["RS256", "ES256", "EdDSA"],
      maxLifetimeMs: 3_600_000,
      clockToleranceMs: 30_000,
      cacheMs: 600_000,
      timeoutMs: 3_000,
    },
  ]);
});

it.each([
  "*",
  "*internal",
  "a*.internal",
  "a.*.internal",
  "*.*.internal",
  "**.internal",
  "-a.internal",
  ".internal",
  "a..b",
  "a b",
  "",
  "spiffe://*/a",
  "spiffe://example.org/a*",
  "spiffe://example.org/**",
  "spiffe://example.org/a/../b",
  "spiffe://example.org//a",
  "spiffe://example.org/a/",
  "spiffe://example.org/a?b",
  "spiffe://user@example.org/a",
  "spiffe://example.org:1/a",
  "Spiffe://example.org/a",
])("%j is no pattern", async (name) => {
  expect(problemsOf(await withCertificates({ id: "a", names: [name] }))).toEqual([
    expect.stringMatching(/^applications\[0\]\.certificates\[0\]\.names\[0\] is no name that a pattern can be: write /),
  ]);
});

it.each([
  "shop",
  "shop.internal",
  "*.internal",
  "_x.internal",
  "spiffe://example.org",
  "spiffe://example.org/*",
  "spiffe://example.org/*/sa/*",
  "https://a.b/c-d_e.f~g",
])("%j is a pattern", async (name) => {
  expect(problemsOf(await withCertificates({ id: "a", names: [name] }))).toEqual([]);
});

it("a name stands for one caller", async () => {
  const same = "stands for another caller already, or twice: each name is of one caller";
  expect(problemsOf(await withCertificates({ id: "a", names: ["x.internal", "*.y"] }, { id: "b", names: ["*.Y", "X.internal"] }))).toEqual([
    `applications[0].certificates[1].names[0] ${same}`,
    `applications[0].certificates[1].names[1] ${same}`,
  ]);
  expect(problemsOf(await withCertificates({ id: "a", names: ["spiffe://e/A"] }, { id: "b", names: ["spiffe://e/a"] }))).toEqual([]);
});

it("a certificate needs authorities", () => {
  expect(problemsOf(withCallers({ certificates: [{ id: "a", names: ["x"] }] }))).toEqual([
    "applications[0].certificates[0] can never be shown: name the authorities of callers' certificates in listen.tls.clientCaFile",
  ]);
});

it("ids are one caller's, whatever it is known by", async () => {
  expect(
    problemsOf(
      withCallers({ certificates: [{ id: "k", names: ["x"] }], tokens: [{ ...token, id: "k" }] }, { listen: { tls: await tlsFiles() } }),
    ),
  ).toEqual([
    "applications[0].certificates[0].id is the id of another key of this application: each needs its own",
    "applications[0].tokens[0].id is the id of another key of this application: each needs its own",
  ]);
});

it("what a browser shows is for codes only, on pages that are listed", () => {
  expect(problemsOf(withCallers({ tokens: [{ ...token, kind: "browser", rights: ["codes", "admin"] }] }))).toEqual([
    "applications[0].tokens[0].rights gives a browser's token, which everybody can read, more than codes: write [codes]",
    "applications[0].tokens[0].origins is missing, and a browser's token, which everybody can read, would work on every page: list the origins of yours",
  ]);
  expect(problemsOf(withCallers({ tokens: [{ ...token, purposes: ["login"] }] }))).toEqual([
    "applications[0].tokens[0].purposes is for tokens of kind browser only: leave it out, or write kind: browser",
  ]);
});

it("a token is of an issuer that is known, and of one caller", () => {
  expect(problemsOf(withCallers({ tokens: [{ ...token, issuer: "other" }] }))).toEqual([
    "applications[0].tokens[0].issuer is not the id of an issuer: write one of corp",
  ]);
  expect(problemsOf(withCallers({ tokens: [token] }, { tokenIssuers: [] }))).toEqual([
    "applications[0].tokens[0].issuer is not the id of an issuer: write one into tokenIssuers first",
  ]);
  expect(problemsOf(withCallers({ tokens: [token, { ...token, id: "b" }, { ...token, id: "c", value: "c" }] }))).toEqual([
    "applications[0].tokens[1].value is the value of that claim for another caller: each token is of one caller",
  ]);
  expect(problemsOf(withCallers({}, { tokenIssuers: [issuer, { ...issuer, jwksUrl: "https://other.example.com/" }] }))).toEqual([
    "tokenIssuers[1].id is that of another issuer: each needs its own",
    "tokenIssuers[1].issuer is that of another issuer: each needs its own",
  ]);
});

it.each([
  "http://id.example.com/jwks",
  "https://user:pw@id.example.com/",
  "ftp://id.example.com/",
  "id.example.com",
  "https://id.example.com/#x",
  "http://127.0.0.1.example.com/",
])("%s is no address of keys", (jwksUrl) => {
  expect(problemsOf(withCallers({}, { tokenIssuers: [{ ...issuer, jwksUrl }] }))).toEqual([
    expect.stringMatching(/^tokenIssuers\[0\]\.jwksUrl is no such address: write the https:/),
  ]);
});

it("keys on this machine need no TLS", () => {
  expect(problemsOf(withCallers({}, { tokenIssuers: [{ ...issuer, jwksUrl: "http://127.0.0.1:8200/jwks" }] }))).toEqual([]);
});

it.each(["HS256", "none", "RS1"])("%s is no algorithm for tokens", (algorithm) => {
  expect(problemsOf(withCallers({}, { tokenIssuers: [{ ...issuer, algorithms: [algorithm] }] }))).toEqual([
    expect.stringMatching(/^tokenIssuers\[0\]\.algorithms\[0\] .*write one of RS256/),
  ]);
});
