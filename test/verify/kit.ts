/** A service's keys over HTTP, proofs of it, and what every guard is asked. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createJwksRoute } from "../../src/http/jwks.ts";
import { digestBinding } from "../../src/otp/proof.ts";
import { publicKeys } from "../../src/tokens/public-keys.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { createProofVerifier, type ProofVerifier } from "../../verify/verify-proof.ts";
import { binding, newKey, newProof, shopAudience, terms } from "../tokens/kit.ts";

export const es256 = newKey("k1");
export const edDsa = newKey("k2", "next", "EdDSA");

type Change = Parameters<typeof newProof>[0];
export const sign = (change: Change = {}): Promise<string> => createProofSigner(terms, [es256]).sign(newProof(change));

export type Keys = { readonly url: string; readonly fetches: () => number; close(): void };

export async function publishKeys(): Promise<Keys> {
  let fetches = 0;
  const answer = createJwksRoute(publicKeys([es256, edDsa]));
  const server = createServer((request, response) => {
    fetches += 1;
    answer(request, response);
  });
  const url = `${await listenTo(server)}/.well-known/jwks.json`;
  return { url, fetches: () => fetches, close: () => void server.close() };
}

export async function listenTo(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export const newVerifier = (jwksUrl: string): ProofVerifier =>
  createProofVerifier({ jwksUrl, issuer: terms.issuer, audience: shopAudience });

export const payment = { purpose: "payment", binding };

/** Flips one bit in the middle of the signature. */
export const altered = (token: string): string => {
  const at = token.lastIndexOf(".") + 20;
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
};

export type Case = { readonly name: string; readonly token: string | undefined; readonly reason: string };

/** What every guard refuses, and why. */
export async function wrongProofs(): Promise<Case[]> {
  const right = await sign();
  return [
    { name: "none", token: undefined, reason: "PROOF_MISSING" },
    { name: "altered", token: altered(right), reason: "PROOF_INVALID" },
    { name: "for another application", token: await sign({ application: "bank" }), reason: "PROOF_INVALID" },
    { name: "expired", token: await sign({ verifiedAt: Date.now() - 600_000 }), reason: "PROOF_EXPIRED" },
    { name: "for another purpose", token: await sign({ purpose: "login" }), reason: "PROOF_PURPOSE_MISMATCH" },
    {
      name: "of another binding",
      token: await sign({ bindingDigest: digestBinding({ ...binding, a: "e" }) }),
      reason: "PROOF_BINDING_MISMATCH",
    },
  ];
}
