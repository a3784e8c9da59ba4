import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { allowed } from "../../src/otp/refusal.ts";
import type { Caller } from "../../src/otp/types.ts";
import { createAuthenticate, hashKey } from "../../src/rpc/auth.ts";
import { createAuthenticateCertificate } from "../../src/rpc/caller-certificate.ts";
import { createCallerAuthentication } from "../../src/rpc/caller-credentials.ts";
import { type CertificateName, type ClientCertificate, certificateOf, namesIn } from "../../src/rpc/client-certificate.ts";
import { createNameIndex } from "../../src/rpc/name-patterns.ts";
import { application } from "../otp/fixture.ts";
import { inDays, type Pair } from "./tls-certificates.ts";
import { type Authorities, ask, clientCertificate, clientsOf, createAuthorities, startTlsWires, tlsOf } from "./tls-kit.ts";

const nameOf = (text: string): CertificateName => ({ kind: text.includes("://") ? "uri" : "dns", value: text });
const find = (patterns: readonly string[], name: string | CertificateName) =>
  createNameIndex(patterns.map((pattern) => ({ pattern, value: pattern })))(typeof name === "string" ? nameOf(name) : name);

describe("a pattern", () => {
  it.each([
    ["shop.internal", "shop.internal"],
    ["Shop.Internal", "shop.internal"],
    ["*.internal", "shop.internal"],
    ["*.internal", "a-b_1.internal"],
    ["spiffe://example.org/ns/shop", "spiffe://example.org/ns/shop"],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa/web"],
    ["spiffe://example.org/ns/*/sa/web", "spiffe://example.org/ns/shop/sa/web"],
    ["spiffe://example.org/ns/*/sa/*", "spiffe://example.org/ns/shop/sa/web-1.2"],
  ])("%s is for %s", (pattern, name) => {
    expect(find([pattern], name)).toBe(pattern);
  });

  it.each([
    ["shop.internal", "shop.internal.example.com"],
    ["shop.internal", "xshop.internal"],
    ["*.internal", "internal"],
    ["*.internal", ".internal"],
    ["*.internal", "a.b.internal"],
    ["*.internal", "ainternal"],
    ["*.internal", "*.internal"],
    ["*.internal", "a.internal."],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa"],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa/"],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa/web/admin"],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa/.."],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa/%2e%2e"],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org/ns/shop/sa/web?x"],
    ["spiffe://example.org/ns/shop/sa/*", "spiffe://example.org.evil/ns/shop/sa/web"],
    ["spiffe://example.org/ns/shop/sa/*", "http://example.org/ns/shop/sa/web"],
    ["spiffe://example.org/ns/shop", "spiffe://example.org/ns/Shop"],
    ["spiffe://example.org/*/sa/web", "spiffe://example.org/ns/shop/sa/web"],
  ])("%s is not for %s", (pattern, name) => {
    expect(find([pattern], name)).toBeUndefined();
  });

  it("is for names of its own kind only", () => {
    expect(find(["shop.internal", "*.internal"], { kind: "uri", value: "shop.internal" })).toBeUndefined();
    expect(find(["spiffe://a/b", "spiffe://a/*"], { kind: "dns", value: "spiffe://a/b" })).toBeUndefined();
  });

  it("without * counts before one with it, and then the one whose first * stands further right, in whatever order they are written", () => {
    const ordered = [
      "spiffe://e/ns/shop/sa/web",
      "spiffe://e/ns/shop/sa/*",
      "spiffe://e/ns/shop/*/web",
      "spiffe://e/ns/*/sa/web",
      "spiffe://e/*/*/sa/web",
    ];
    for (const [index, expected] of ordered.entries())
      for (const patterns of [ordered.slice(index), ordered.slice(index).reverse()])
        expect(find(patterns, "spiffe://e/ns/shop/sa/web")).toBe(expected);
  });
});

describe("the names of a certificate", () => {
  it.each([
    [
      "DNS:Shop.internal, URI:spiffe://e/a",
      [
        ["dns", "shop.internal"],
        ["uri", "spiffe://e/a"],
      ],
    ],
    ["IP Address:127.0.0.1, email:a@b, DNS:a", [["dns", "a"]]],
    ['DNS:"a\\u002c DNS:evil.internal", DNS:ok', [["dns", "ok"]]],
    ['DNS:"a, DNS:evil.internal", DNS:ok', [["dns", "ok"]]],
    ['othername:UPN:"a, DNS:evil.internal", DNS:ok', [["dns", "ok"]]],
    ['URI:"spiffe://e/\\"a"', []],
    ["", []],
    ['DNS:a, DNS:"unfinished', []],
    ["no form at all", []],
  ] as const)("in %s", (text, names) => {
    expect(namesIn(text).map(({ kind, value }) => [kind, value])).toEqual(names);
  });
});

it("a certificate that was not verified is none", () => {
  const socket = new TLSSocket(new Socket());
  onTestFinished(() => void socket.destroy());
  const peer = { raw: Buffer.alloc(1), subjectaltname: "DNS:shop.internal", valid_to: "Jan  1 00:00:00 2099 GMT" };
  Object.assign(socket, { getPeerCertificate: () => peer });
  expect(certificateOf(socket)).toBeUndefined();
  Object.assign(socket, { authorized: true });
  expect(certificateOf(socket)?.names).toEqual([{ kind: "dns", value: "shop.internal" }]);
});

const shop: Caller = { application, kind: "service", rights: ["codes"], keyId: "shop" };
const jobs: Caller = { ...shop, keyId: "jobs" };
const bank: Caller = { ...shop, application: { ...application, id: "bank" }, keyId: "bank" };
const callers = [
  { names: ["shop.internal", "spiffe://e/shop"], caller: shop },
  { names: ["*.jobs.internal"], caller: jobs },
  { names: ["bank.internal"], caller: bank },
];
const shown = (...names: string[]): ClientCertificate => ({ names: names.map(nameOf), notAfterMs: 1_000 });

describe("a caller known by its certificate", () => {
  const authenticate = createAuthenticateCertificate(callers, () => 0);

  it.each([
    [["shop.internal"], shop],
    [["shop.internal", "spiffe://e/shop", "other.example.com"], shop],
    [["a.jobs.internal"], jobs],
  ])("%s", (names, caller) => {
    const certificate = shown(...names);
    expect(authenticate(certificate)).toEqual(allowed(caller));
    expect(authenticate(certificate)).toEqual(allowed(caller));
  });

  it.each([[["nobody.internal"]], [[]], [["shop.internal", "bank.internal"]], [["shop.internal", "a.jobs.internal"]]])(
    "is nobody: %s",
    (names) => {
      expect(authenticate(shown(...names))).toMatchObject({ ok: false, refusal: { reason: "UNAUTHENTICATED" } });
    },
  );

  it("is nobody once the certificate has expired, on a connection that lives on", () => {
    let now = 0;
    const later = createAuthenticateCertificate(callers, () => now);
    const certificate = shown("shop.internal");
    expect(later(certificate).ok).toBe(true);
    now = 1_000;
    expect(later(certificate).ok).toBe(false);
  });
});

describe("a call that shows two things", () => {
  const byCertificate = createAuthenticateCertificate(callers, () => 0);
  const byKey = createAuthenticate([{ hash: hashKey("k"), caller: { ...shop, keyId: "key" } }]);
  const token = "a.b.c";
  const byToken = async () => allowed({ ...bank, keyId: "token" });
  const authenticate = createCallerAuthentication({ byKey, byToken, byCertificate });
  const who = async (authorization: string | undefined, ...names: string[]) => {
    const result = await authenticate(authorization, () => (names.length > 0 ? shown(...names) : undefined));
    return result.ok ? result.value.keyId : result.refusal.reason;
  };

  it.each([
    ["nothing", undefined, [], "UNAUTHENTICATED"],
    ["a certificate", undefined, ["shop.internal"], "shop"],
    ["a certificate of nobody", undefined, ["x.internal"], "UNAUTHENTICATED"],
    ["a key", "Bearer k", [], "key"],
    ["a key and a certificate of the same application", "Bearer k", ["shop.internal"], "key"],
    ["a key and a certificate of nobody", "Bearer k", ["x.internal"], "key"],
    ["a key and a certificate of another application", "Bearer k", ["bank.internal"], "UNAUTHENTICATED"],
    ["a wrong key and a good certificate", "Bearer x", ["shop.internal"], "UNAUTHENTICATED"],
    ["another scheme and a good certificate", "Basic x", ["shop.internal"], "UNAUTHENTICATED"],
    ["an empty header and a good certificate", "", ["shop.internal"], "UNAUTHENTICATED"],
    ["a token", `Bearer ${token}`, [], "token"],
    ["a token and a certificate of the same application", `Bearer ${token}`, ["bank.internal"], "token"],
    ["a token and a certificate of another application", `Bearer ${token}`, ["shop.internal"], "UNAUTHENTICATED"],
  ])("%s", async (_, authorization, names, expected) => {
    expect(await who(authorization, ...names)).toBe(expected);
  });

  it("is answered at once when it shows a key or a certificate", () => {
    expect(authenticate("Bearer k", () => undefined)).not.toBeInstanceOf(Promise);
    expect(authenticate(undefined, () => shown("shop.internal"))).not.toBeInstanceOf(Promise);
  });
});

describe("over the wires", () => {
  let authorities: Authorities;
  let pairs: Record<"shop" | "bank" | "wildcard", Pair>;
  beforeAll(async () => {
    authorities = await createAuthorities();
    const by = authorities.clients;
    pairs = {
      shop: await clientCertificate(by, { uris: ["spiffe://e/shop"] }),
      bank: await clientCertificate(by, { dns: ["bank.internal"] }),
      wildcard: await clientCertificate(by, { dns: ["*.jobs.internal"] }),
    };
  });

  const start = () => {
    const byCertificate = createAuthenticateCertificate(callers, Date.now);
    const byKey = createAuthenticate([{ hash: hashKey("k"), caller: { ...shop, keyId: "key" } }]);
    const authenticate = createCallerAuthentication({ byKey, byToken: undefined, byCertificate });
    return startTlsWires({ authenticate, tls: tlsOf(authorities, { clientCa: authorities.clients.cert }) });
  };

  it("each wire knows the caller by its certificate, call after call", async () => {
    const started = await start();
    const wires = clientsOf(started, { ca: authorities.server.cert, ...pairs.shop });
    for (const wire of [...wires, ...wires]) expect((await wire.send(ask)).code, wire.name).toBe("OK");
    expect(new Set(started.calls.map(({ call }) => call.caller.keyId))).toEqual(new Set(["shop"]));
  });

  it("no certificate, or one whose own name has a *, is nobody", async () => {
    const started = await start();
    for (const more of [{}, pairs.wildcard])
      for (const wire of clientsOf(started, { ca: authorities.server.cert, ...more }))
        expect((await wire.send(ask)).code, wire.name).toBe("UNAUTHENTICATED");
  });

  it("a key decides, and must be of the certificate's application", async () => {
    const started = await start();
    for (const wire of clientsOf(started, { ca: authorities.server.cert, ...pairs.shop }, "k"))
      expect((await wire.send(ask)).code, wire.name).toBe("OK");
    expect(new Set(started.calls.map(({ call }) => call.caller.keyId))).toEqual(new Set(["key"]));
    for (const wire of clientsOf(started, { ca: authorities.server.cert, ...pairs.bank }, "k"))
      expect((await wire.send(ask)).code, wire.name).toBe("UNAUTHENTICATED");
  });

  it("headers that pretend to be a certificate are nothing", async () => {
    const started = await start();
    const headers = {
      "x-client-cert": "shop.internal",
      "x-forwarded-client-cert": "URI=spiffe://e/shop",
      "x-ssl-client-verify": "SUCCESS",
    };
    for (const wire of clientsOf(started, { ca: authorities.server.cert }))
      expect((await wire.send({ ...ask, headers })).code, wire.name).toBe("UNAUTHENTICATED");
  });

  it("a certificate that expires ends no connection, and is nobody's any more", async () => {
    const soon = await clientCertificate(authorities.clients, { dns: ["shop.internal"] }, { until: inDays(1) });
    let now = Date.now();
    const authenticate = createCallerAuthentication({
      byKey: createAuthenticate([]),
      byToken: undefined,
      byCertificate: createAuthenticateCertificate(callers, () => now),
    });
    const started = await startTlsWires({ authenticate, tls: tlsOf(authorities, { clientCa: authorities.clients.cert }) });
    const wires = clientsOf(started, { ca: authorities.server.cert, ...soon });
    for (const wire of wires) expect((await wire.send(ask)).code, wire.name).toBe("OK");
    now = inDays(2).getTime();
    for (const wire of wires) expect((await wire.send(ask)).code, wire.name).toBe("UNAUTHENTICATED");
  });
});
