/** Everything that must not pass for a proof of the shop, by name. */
import { createHmac, createPublicKey } from "node:crypto";
import type { ProofKey } from "../../src/otp/proof.ts";
import { claimsOf, craft, headerOf, newKey, signedBy } from "./kit.ts";

export type Forgery = { readonly name: string; readonly token: string };

export type Published = {
  /** The key that signs, another published one of the other algorithm, and one that is published no more. */
  readonly current: ProofKey;
  readonly other: ProofKey;
  readonly rotatedOut: ProofKey;
};

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const hour = 3_600_000;

export function forgeries({ current, other, rotatedOut }: Published): Forgery[] {
  const header = headerOf(current);
  const right = signedBy(current.privateKey);
  const claims = claimsOf();
  const { exp: _exp, ...eternal } = claims;
  const { aud: _aud, ...unaddressed } = claims;
  const stranger = newKey("stranger");
  const make = (name: string, changed: object, said: object = claims, signature = right): Forgery => ({
    name,
    token: craft({ ...header, ...changed }, said, signature),
  });
  return [
    make("alg none, unsigned", { alg: "none" }, claims, () => Buffer.alloc(0)),
    make("alg none, with the signature of a right one", { alg: "none" }),
    make("alg nOnE, unsigned", { alg: "nOnE" }, claims, () => Buffer.alloc(0)),
    ...publicForms(current).map(([form, secret]) =>
      make(`HS256 with the public key as ${form}`, { alg: "HS256" }, claims, (signed) =>
        createHmac("sha256", secret).update(signed).digest(),
      ),
    ),
    make("the algorithm of another key", { alg: other.algorithm }),
    make("no typ", { typ: undefined }),
    make("typ JWT", { typ: "JWT" }),
    make("typ at+jwt", { typ: "at+jwt" }),
    make("no kid, by a key that is not published", { kid: undefined }, claims, signedBy(stranger.privateKey)),
    make("the kid of another key", { kid: other.id }),
    make("the kid of another key and its algorithm", { kid: other.id, alg: other.algorithm }),
    make("a kid that nobody knows", { kid: "../../etc/passwd" }),
    make("a rotated-out key", headerOf(rotatedOut), claims, signedBy(rotatedOut.privateKey)),
    make("a stranger's key under our kid", {}, claims, signedBy(stranger.privateKey)),
    make(
      "a stranger's key in the header",
      { jwk: createPublicKey(stranger.privateKey).export({ format: "jwk" }) },
      claims,
      signedBy(stranger.privateKey),
    ),
    make("an extension that must be understood", { crit: ["https://example.com/x"], "https://example.com/x": true }),
    make("the audience of another application", {}, claimsOf({ application: "bank" })),
    make("no audience", {}, unaddressed),
    make("another issuer", {}, { ...claims, iss: "https://otp.example.org" }),
    make("expired", {}, claimsOf({ verifiedAt: Date.now() - hour })),
    make("without an end", {}, eternal),
    make("an end that is text", {}, { ...claims, exp: "soon" }),
    { name: "nothing", token: "" },
    { name: "two parts", token: craft(header, claims, right).split(".").slice(0, 2).join(".") },
    { name: "four parts", token: `${craft(header, claims, right)}.` },
    { name: "not Base64url", token: `${craft(header, claims, right)}%%%%` },
    { name: "padded", token: `${craft(header, claims, right)}==` },
  ];
}

/** Each character of a right proof replaced by another one, and the last one by every other, since some of its bits are unused. */
export function alterations(token: string): Forgery[] {
  const altered = (at: number, character: string) => ({
    name: `${character} in place of character ${at}`,
    token: token.slice(0, at) + character + token.slice(at + 1),
  });
  const each = [...token].map((character, at) => altered(at, character === "." ? "_" : nextOf(character)));
  const last = token.length - 1;
  return [...each, ...[...base64url].filter((character) => character !== token[last]).map((character) => altered(last, character))];
}

const nextOf = (character: string): string => base64url[(base64url.indexOf(character) + 1) % base64url.length] ?? "";

function publicForms({ privateKey }: ProofKey): [form: string, secret: string | Buffer][] {
  const key = createPublicKey(privateKey);
  return [
    ["PEM", key.export({ format: "pem", type: "spki" })],
    ["DER", key.export({ format: "der", type: "spki" })],
    ["JWK", JSON.stringify(key.export({ format: "jwk" }))],
    ["its x", Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url")],
  ];
}
