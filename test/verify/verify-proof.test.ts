import { createServer } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ProofKeysUnavailable, type ProofVerifier } from "../../verify/verify-proof.ts";
import { alterations, forgeries } from "../tokens/forgeries.ts";
import { binding, claimsOf, craft, headerOf, newKey, signedBy } from "../tokens/kit.ts";
import { edDsa, es256, type Keys, listenTo, newVerifier, payment, publishKeys, sign, wrongProofs } from "./kit.ts";

let keys: Keys;
let verify: ProofVerifier;
beforeAll(async () => {
  keys = await publishKeys();
  verify = newVerifier(keys.url);
});
afterAll(() => keys.close());

test("accepts right proofs by every published key, with one look at the keys", async () => {
  const before = keys.fetches();
  const fresh = newVerifier(keys.url);
  const tokens = [await sign(), craft(headerOf(edDsa), claimsOf(), signedBy(edDsa.privateKey))];
  for (const token of [...tokens, ...tokens]) {
    expect(await fresh(token, payment)).toMatchObject({ ok: true, claims: { sub: "pseudonym", purpose: "payment" } });
  }
  expect(keys.fetches() - before).toBe(1);
});

test("refuses whatever is forged or altered in any byte", async () => {
  const rotatedOut = newKey("k0", "previous");
  const wrong = [...forgeries({ current: es256, other: edDsa, rotatedOut }), ...alterations(await sign())];
  const verdicts = await Promise.all(wrong.map(async ({ name, token }) => ({ name, ...(await verify(token, payment)) })));
  expect(verdicts.length).toBeGreaterThan(300);
  expect(verdicts.filter(({ ok }) => ok)).toEqual([]);
});

test("says why", async () => {
  for (const { token, reason } of await wrongProofs()) expect(await verify(token, payment)).toMatchObject({ ok: false, reason });
});

test("refuses a proof with a binding where none is demanded, and one without where one is", async () => {
  const plain = await sign({ bindingDigest: "" });
  expect(await verify(await sign(), { purpose: "payment" })).toMatchObject({ ok: false, reason: "PROOF_BINDING_MISMATCH" });
  expect(await verify(plain, { purpose: "payment", binding })).toMatchObject({ ok: false, reason: "PROOF_BINDING_MISMATCH" });
  expect(await verify(plain, { purpose: "payment" })).toMatchObject({ ok: true });
});

test("refuses what is longer than any proof, before it is decoded", async () => {
  expect(await verify("A".repeat(4097), payment)).toMatchObject({ ok: false, reason: "PROOF_INVALID" });
});

test.for<[string, (url: string) => string]>([
  ["nobody answers", () => "http://127.0.0.1:1/jwks.json"],
  ["the answer is an error", (url) => `${url}/missing`],
  ["the answer is no key set", (url) => url],
])("rejects, and accepts nothing, where %s for the keys", async ([, urlOf]) => {
  const server = createServer(({ url }, response) => response.writeHead(url === "/missing" ? 503 : 200).end("{}"));
  const broken = newVerifier(urlOf(await listenTo(server)));
  await expect(broken(await sign(), payment)).rejects.toThrow(ProofKeysUnavailable);
  server.close();
});
