import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createJwksRoute } from "../../src/http/jwks.ts";
import { digestBinding } from "../../src/otp/proof.ts";
import { publicKeys } from "../../src/tokens/public-keys.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { alterations, forgeries } from "./forgeries.ts";
import { binding, claimsOf, craft, headerOf, newKey, newProof, shopAudience, signedBy, terms } from "./kit.ts";
import { languages, prepareVerifier } from "./verifiers.ts";

const es256 = newKey("k1");
const edDsa = newKey("k2", "next", "EdDSA");
const rotatedOut = newKey("k0", "previous");
const server = createServer(createJwksRoute(publicKeys([es256, edDsa])));
let args: string[];

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.well-known/jwks.json`;
  args = [jwks, terms.issuer, shopAudience, "payment"];
});
afterAll(() => server.close());

const pairs = Object.entries(binding).map(([key, value]) => `${key}=${value}`);
const sign = (change = {}) => createProofSigner(terms, [es256]).sign(newProof(change));

// The packages are fetched on the first run, by all languages at once.
const verifiers = await Promise.all(languages.map(async (language) => ({ language, verify: await prepareVerifier(language) })));

// A virtual machine takes long to start, so few programs are asked much.
describe.each(verifiers)("the documented verifier in $language", { timeout: 60_000 }, ({ verify }) => {
  test.skipIf(!verify)("accepts right proofs by every published key, and refuses whatever is forged or altered in any byte", async () => {
    const token = await sign();
    const other = craft(headerOf(edDsa), claimsOf(), signedBy(edDsa.privateKey));
    const right = [token, other, craft(headerOf(es256), claimsOf(), signedBy(es256.privateKey))].map((each) => ({
      name: "right",
      token: each,
    }));
    const wrong = [
      ...forgeries({ current: es256, other: edDsa, rotatedOut }),
      ...forgeries({ current: edDsa, other: es256, rotatedOut }),
      ...alterations(token),
      ...alterations(other),
      { name: "another purpose", token: await sign({ purpose: "login" }) },
      { name: "no binding", token: await sign({ bindingDigest: "" }) },
      { name: "another binding", token: await sign({ bindingDigest: digestBinding({ ...binding, a: "e" }) }) },
    ];
    const all = [...right, ...wrong, ...right];
    const tokens = all.map((each) => each.token);
    const answers = (await verify?.([...args, ...pairs], tokens)) ?? [];
    expect(answers).toHaveLength(all.length);
    const accepted = all.filter((_, index) => !answers[index]?.startsWith("refused: "));
    expect(accepted.map(({ name }) => name)).toEqual(Array(6).fill("right"));
    expect([answers[0], answers.at(-1)]).toEqual(["ok pseudonym", "ok pseudonym"]);
  });

  test.skipIf(!verify)("accepts a proof without a binding as one, and not as one with", async () => {
    const answers = await verify?.(args, [await sign({ bindingDigest: "" }), await sign()]);
    expect(answers).toEqual(["ok pseudonym", expect.stringMatching(/^refused: .*binding/)]);
  });
});

test("the digest of a binding is that of its lines in the order of the keys", () => {
  const lines = 'a=é\na.b==\namount=12.00 "EUR"\\\npayee=Bücher & Söhne <GmbH>\n';
  expect(digestBinding(binding)).toBe(createHash("sha256").update(lines).digest("base64url"));
});
