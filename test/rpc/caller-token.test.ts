import { createHmac } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, type GenerateKeyPairResult, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Caller } from "../../src/otp/types.ts";
import { createAuthenticate } from "../../src/rpc/auth.ts";
import { createCallerAuthentication } from "../../src/rpc/caller-credentials.ts";
import { createAuthenticateToken, type TokenCaller } from "../../src/rpc/caller-token.ts";
import { createFetchJwks } from "../../src/rpc/fetch-jwks.ts";
import { createTokenKeys } from "../../src/rpc/token-keys.ts";
import { application } from "../otp/fixture.ts";
import { startWires, useCasesThat } from "./fixture.ts";
import { ask } from "./tls-kit.ts";
import { wireClients } from "./wire-clients.ts";

const [issuer, audience] = ["https://id.example.com/", "countersign"];
const shop: Caller = { application, kind: "service", rights: ["codes", "proofs"], keyId: "shop" };
const jobs: Caller = { ...shop, keyId: "jobs" };
const callers: TokenCaller[] = [
  { issuer: "corp", claim: "azp", value: "shop", rightsPrefix: "", caller: shop },
  { issuer: "corp", claim: "groups", value: "jobs", rightsPrefix: "countersign:", rightsClaim: "scope", caller: jobs },
];

let first: GenerateKeyPairResult;
let second: GenerateKeyPairResult;
let stranger: GenerateKeyPairResult;
beforeAll(async () => {
  [first, second, stranger] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("ES256"), generateKeyPair("ES256")]);
});

const startMs = 1_800_000_000_000;
let now = startMs;
beforeEach(() => {
  now = startMs;
});
const seconds = () => now / 1_000;

type Served = {
  kids: readonly (readonly [string, GenerateKeyPairResult])[];
  answer?: (() => { status: number; body: string }) | undefined;
  isSilent?: boolean;
  location?: string;
};

/** An issuer's own web server, and what is asked of it. */
async function startIssuer(kids: Served["kids"] = [["one", first]]) {
  const served: Served = { kids };
  let asked = 0;
  const server = createServer(async (_, response) => {
    asked += 1;
    if (served.isSilent) return;
    if (served.answer) {
      const { status, body } = served.answer();
      response.writeHead(status, { location: served.location ?? "" }).end(body);
      return;
    }
    const keys = await Promise.all(served.kids.map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), kid })));
    response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => end(server));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  return { served, url, asked: () => asked };
}

function end(server: Server): void {
  server.closeAllConnections();
  server.close();
}

async function startCorp(kids?: Served["kids"], timeoutMs = 5_000) {
  const corp = await startIssuer(kids);
  const findKey = createTokenKeys({ fetchJwks: createFetchJwks({ url: corp.url, timeoutMs }), cacheMs: 600_000, elapsed: () => now });
  const terms = { algorithms: ["RS256", "ES256"], maxLifetimeMs: 3_600_000, clockToleranceMs: 30_000, cacheMs: 600_000 };
  const authenticate = createAuthenticateToken({ issuers: [{ id: "corp", issuer, audience, findKey, ...terms }], callers, now: () => now });
  const who = async (token: string) => {
    const result = await authenticate(token);
    return result.ok ? result.value.keyId : `${result.refusal.reason}: ${result.refusal.message}`;
  };
  return { ...corp, authenticate, who };
}

type Signed = { claims?: JWTPayload; header?: { alg?: string; kid?: string }; by?: GenerateKeyPairResult };

const sign = ({ claims = {}, header = {}, by = first }: Signed = {}): Promise<string> =>
  new SignJWT({ iss: issuer, aud: audience, azp: "shop", iat: seconds(), exp: seconds() + 600, ...claims })
    .setProtectedHeader({ alg: by === first ? "RS256" : "ES256", kid: "one", ...header })
    .sign(by.privateKey);

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const claimsNow = () => ({ iss: issuer, aud: audience, azp: "shop", iat: seconds(), exp: seconds() + 600 });

describe("a token", () => {
  it("names its caller", async () => {
    const { who } = await startCorp();
    expect(await who(await sign())).toBe("shop");
    expect(await who(await sign({ claims: { azp: "x", groups: ["staff", "jobs"] } }))).toBe("jobs");
  });

  it.each<[string, Signed, RegExp]>([
    ["of another issuer", { claims: { iss: "https://evil.example.com/" } }, /no issuer/],
    ["for another audience", { claims: { aud: "other" } }, /claim aud/],
    ["without an audience", { claims: { aud: undefined as never } }, /claim aud/],
    ["that has expired", { claims: { iat: startMs / 1_000 - 700, exp: startMs / 1_000 - 31 } }, /expired/],
    ["that is not valid yet", { claims: { nbf: startMs / 1_000 + 60 } }, /claim nbf/],
    ["from the future", { claims: { iat: startMs / 1_000 + 60 } }, /iat/],
    ["without an end", { claims: { exp: undefined as never } }, /claim exp/],
    ["without a beginning", { claims: { iat: undefined as never } }, /claim iat/],
    ["that lives too long", { claims: { exp: startMs / 1_000 + 3_601 } }, /longer than the 3600 s/],
    ["of no caller", { claims: { azp: "nobody" } }, /no caller/],
    ["whose claim is not a text", { claims: { azp: { shop: 1 } } }, /no caller/],
    ["of two callers", { claims: { groups: ["jobs"] } }, /several callers/],
    ["that an unknown key signed", { header: { kid: "two" } }, /no key/],
  ])("%s is refused", async (_, signed, why) => {
    const { who } = await startCorp();
    expect(await who(await sign(signed))).toMatch(new RegExp(`^UNAUTHENTICATED: .*${why.source}`));
  });

  it("signed by another key under the known id is refused", async () => {
    const { who } = await startCorp([["one", second]]);
    expect(await who(await sign({ by: stranger }))).toMatch(/^UNAUTHENTICATED/);
  });

  it("is taken within the clocks' tolerance", async () => {
    const { who } = await startCorp();
    expect(await who(await sign({ claims: { iat: seconds() + 29, nbf: seconds() + 29 } }))).toBe("shop");
    expect(await who(await sign({ claims: { iat: seconds() - 600, exp: seconds() - 29 } }))).toBe("shop");
  });

  it("that nobody signed, or the public key as a secret, is refused, and no key is asked for", async () => {
    const { who, asked } = await startCorp();
    expect(await who(`${encode({ alg: "none" })}.${encode(claimsNow())}.`)).toMatch(/algorithm/);
    const pem = await exportSPKI(first.publicKey);
    const input = `${encode({ alg: "HS256", kid: "one" })}.${encode(claimsNow())}`;
    expect(await who(`${input}.${createHmac("sha256", pem).update(input).digest("base64url")}`)).toMatch(/algorithm/);
    expect(asked()).toBe(0);
  });

  it.each(["..", "a.b.c", `${"e30"}.${"e30"}.`, `x.${encode([])}.y`, `x.${encode(null)}.y`])("%s is none", async (text) => {
    const { who, asked } = await startCorp();
    expect(await who(text)).toMatch(/^UNAUTHENTICATED/);
    expect(asked()).toBe(0);
  });

  it("that is huge is refused unread", async () => {
    const { who, asked } = await startCorp();
    expect(await who(await sign({ claims: { filler: "x".repeat(8_000) } }))).toMatch(/longer than 8192/);
    expect(asked()).toBe(0);
  });

  it("repeats nothing of itself in a refusal", async () => {
    const { who } = await startCorp();
    const refusals = await Promise.all(
      [sign({ claims: { aud: "marker" } }), sign({ claims: { azp: "marker" } })].map(async (t) => who(await t)),
    );
    expect(refusals.join()).not.toContain("marker");
  });
});

describe("the rights of a token", () => {
  it.each<[unknown, string[]]>([
    ["countersign:codes", ["codes"]],
    ["openid countersign:proofs countersign:codes", ["codes", "proofs"]],
    [["countersign:codes", "other"], ["codes"]],
    ["countersign:admin countersign:codes", ["codes"]],
    ["codes proofs", []],
    ["", []],
    [undefined, []],
    [{ codes: true }, []],
  ])("by the scope %j", async (scope, rights) => {
    const { authenticate } = await startCorp();
    const result = await authenticate(await sign({ claims: { azp: "x", groups: ["jobs"], scope } }));
    expect(result).toMatchObject({ ok: true, value: { rights } });
  });
});

describe("a token that was verified", () => {
  it("is answered at once the next time, until it expires", async () => {
    const { authenticate } = await startCorp();
    const token = await sign();
    expect(authenticate(token)).toBeInstanceOf(Promise);
    await authenticate(token);
    expect(authenticate(token)).toMatchObject({ ok: true });
    now += 631_000;
    expect(await authenticate(token)).toMatchObject({ ok: false, refusal: { message: "the token has expired" } });
  });

  it("is verified anew when the keys may be others", async () => {
    const corp = await startCorp();
    const token = await sign({ claims: { exp: seconds() + 3_600 } });
    expect(await corp.who(token)).toBe("shop");
    corp.served.kids = [["two", second]];
    now += 599_000;
    expect(await corp.who(token)).toBe("shop");
    now += 2_000;
    expect(await corp.who(token)).toMatch(/^UNAUTHENTICATED/);
  });
});

describe("the keys of an issuer", () => {
  it("are asked for once, however many tokens come at once", async () => {
    const corp = await startCorp();
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, jti) => sign({ claims: { jti: `${jti}` } })));
    expect(new Set(await Promise.all(tokens.map(corp.who)))).toEqual(new Set(["shop"]));
    expect(corp.asked()).toBe(1);
  });

  it("are asked for once in 30 s, however many unknown keys tokens name", async () => {
    const corp = await startCorp();
    expect(await corp.who(await sign())).toBe("shop");
    for (let round = 0; round < 3; round++) {
      now += 30_000;
      const flood = await Promise.all(
        Array.from({ length: 100 }, (_, index) => sign({ by: stranger, header: { kid: `unknown-${round}-${index}` } })),
      );
      for (const refusal of await Promise.all(flood.map(corp.who))) expect(refusal).toMatch(/^UNAUTHENTICATED/);
      for (const token of flood) expect(await corp.who(token)).toMatch(/^UNAUTHENTICATED/);
      expect(corp.asked()).toBe(2 + round);
      expect(await corp.who(await sign({ claims: { jti: `${round}` } }))).toBe("shop");
    }
  });

  it("may be replaced while tokens of the old one are under way", async () => {
    const corp = await startCorp();
    expect(await corp.who(await sign())).toBe("shop");
    now += 30_000;
    corp.served.kids = [
      ["one", first],
      ["two", second],
    ];
    expect(await corp.who(await sign({ by: second, header: { kid: "two" } }))).toBe("shop");
    expect(await corp.who(await sign({ claims: { jti: "b" } }))).toBe("shop");
    expect(corp.asked()).toBe(2);
  });

  it("hold for a day while the issuer is away, and nobody waits for it", async () => {
    const corp = await startCorp();
    await corp.who(await sign());
    corp.served.answer = () => ({ status: 503, body: "" });
    now += 601_000;
    expect(await corp.who(await sign())).toBe("shop");
    expect(corp.asked()).toBe(2);
    for (let each = 0; each < 20; each++) expect(await corp.who(await sign({ claims: { jti: `${each}` } }))).toBe("shop");
    expect(corp.asked()).toBe(2);
    now += 86_400_000;
    expect(await corp.who(await sign())).toMatch(/^STORE_UNAVAILABLE/);
    corp.served.answer = undefined;
    now += 5_000;
    expect(await corp.who(await sign())).toBe("shop");
  });

  it("that is silent is asked again while tokens are answered by what it said last", async () => {
    const corp = await startCorp(undefined, 600_000);
    await corp.who(await sign());
    corp.served.answer = () => ({ status: 503, body: "" });
    now += 601_000;
    expect(await corp.who(await sign())).toBe("shop");
    corp.served.isSilent = true;
    now += 5_000;
    expect(await corp.who(await sign())).toBe("shop");
    await expect.poll(corp.asked, { timeout: 20_000 }).toBe(3);
  });

  it.each<[string, () => { status: number; body: string }]>([
    ["refuses", () => ({ status: 500, body: "" })],
    ["answers with what is no key set", () => ({ status: 200, body: "<html>" })],
    ["answers with a list", () => ({ status: 200, body: "[]" })],
    ["answers with keys that are none", () => ({ status: 200, body: '{"keys":[1]}' })],
    ["answers with too much", () => ({ status: 200, body: `{"keys":[],"x":"${"x".repeat(300_000)}"}` })],
  ])("are not known while the issuer %s: the caller may try again, and the issuer is spared", async (_, answer) => {
    const corp = await startCorp();
    corp.served.answer = answer;
    for (let each = 0; each < 20; each++) {
      const result = await corp.authenticate(await sign({ claims: { jti: `${each}` } }));
      expect(result).toMatchObject({ ok: false, refusal: { reason: "STORE_UNAVAILABLE", retryAfterMs: 5_000 } });
    }
    expect(corp.asked()).toBe(1);
    corp.served.answer = undefined;
    now += 5_000;
    expect(await corp.who(await sign())).toBe("shop");
  });

  it("are not looked for where the issuer leads to", async () => {
    const [corp, elsewhere] = [await startCorp(), await startIssuer()];
    corp.served.location = elsewhere.url;
    corp.served.answer = () => ({ status: 302, body: "" });
    expect(await corp.who(await sign())).toMatch(/^STORE_UNAVAILABLE/);
    expect([corp.asked(), elsewhere.asked()]).toEqual([1, 0]);
  });

  it("are not waited for beyond the time-out", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => end(silent));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    await expect(createFetchJwks({ url, timeoutMs: 100 })()).rejects.toMatchObject({ name: "StoreUnavailable" });
  });
});

it("a token is good on all four wires, beside keys", async () => {
  const corp = await startCorp();
  const authenticate = createCallerAuthentication({ byKey: createAuthenticate([]), byToken: corp.authenticate, byCertificate: undefined });
  const keyIds: string[] = [];
  const useCases = useCasesThat({
    getChallenge: async (_, { caller }) => {
      keyIds.push(caller.keyId);
      return { ok: false, refusal: { reason: "CHALLENGE_NOT_FOUND", message: "noted" } };
    },
  });
  const wires = await startWires({ useCases, authenticate });
  const [good, bad] = [wireClients(wires.addresses, await sign()), wireClients(wires.addresses, await sign({ by: stranger }))];
  onTestFinished(async () => {
    for (const wire of [...good, ...bad]) wire.close();
    await wires.close();
  });
  for (const wire of good) expect((await wire.send(ask)).reason, wire.name).toBe("CHALLENGE_NOT_FOUND");
  for (const wire of bad) expect((await wire.send(ask)).code, wire.name).toBe("UNAUTHENTICATED");
  corp.served.answer = () => ({ status: 500, body: "" });
  expect(keyIds).toEqual(Array(4).fill("shop"));
});
