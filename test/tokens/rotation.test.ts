import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { createJwksRoute } from "../../src/http/jwks.ts";
import type { ProofReader, ProofSigner } from "../../src/otp/ports.ts";
import type { ProofKey } from "../../src/otp/proof.ts";
import { publicKeys } from "../../src/tokens/public-keys.ts";
import { createProofReader } from "../../src/tokens/read-proof.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { newKey, newProof, shopAudience, terms } from "./kit.ts";

/** One process, which a rotation restarts with other keys. */
type Replica = { signer: ProofSigner; reader: ProofReader; answer: ReturnType<typeof createJwksRoute> };

const start = (keys: readonly ProofKey[]): Replica => ({
  signer: createProofSigner(terms, keys),
  reader: createProofReader(terms, keys),
  answer: createJwksRoute(publicKeys(keys)),
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The replicas behind one address, asked in turn. */
async function publish(replicas: readonly Replica[]): Promise<string> {
  let asked = 0;
  const server = createServer((request, response) => replicas[asked++ % replicas.length]?.answer(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** As `docs/proof-tokens.md` has it: keys are kept, and asked for again when one is unknown, but not more often than every 30 s. */
function createVerifier(url: string) {
  const keys = createRemoteJWKSet(new URL(url));
  const checks = { algorithms: ["ES256", "EdDSA"], typ: "countersign-proof+jwt", issuer: terms.issuer, audience: shopAudience };
  return (token: string) =>
    jwtVerify(token, keys, checks).then(
      () => true,
      () => false,
    );
}

const as = (key: ProofKey, status: ProofKey["status"]): ProofKey => ({ ...key, status });

/** Proofs are made and checked all the time, at once and late, while the steps are taken; says how many were refused. */
async function refusedDuring(first: readonly ProofKey[], steps: readonly (readonly ProofKey[])[]): Promise<number> {
  const replicas = [start(first), start(first)];
  const url = await publish(replicas);
  const old = createVerifier(url);
  let [running, refused] = [true, 0];
  const check = async (token: string, verify: (token: string) => Promise<boolean>) => {
    if (!(await verify(token))) refused += 1;
    for (const { reader } of replicas) if (!(await reader.read(token, "shop"))) refused += 1;
  };
  const load = async (replica: number) => {
    const late: string[] = [];
    while (running) {
      const token = (await replicas[replica]?.signer.sign(newProof())) ?? "";
      await check(token, old);
      late.push(token);
      if (late.length > 20) await check(late.shift() ?? "", old);
      await turn();
    }
    for (const token of late) await check(token, createVerifier(url));
  };
  // Each verifier begins with the keys that are published before the rotation.
  await check((await replicas[0]?.signer.sign(newProof())) ?? "", old);
  const loads = Promise.all([0, 1, 0, 1].map(load));
  for (const keys of steps) {
    for (const index of replicas.keys()) {
      await new Promise((resolve) => setTimeout(resolve, 60));
      replicas[index] = start(keys);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 60));
  running = false;
  await loads;
  return refused;
}

describe("a rotation in the middle of load", () => {
  const [old, fresh] = [newKey("old"), newKey("fresh", "next", "EdDSA")];

  test("loses no verification when it goes by next, current and previous", async () => {
    expect(await refusedDuring([old, fresh], [[as(old, "previous"), as(fresh, "current")]])).toBe(0);
  });

  test("is seen to lose some when the key was not published before", async () => {
    expect(await refusedDuring([old], [[as(old, "previous"), as(fresh, "current")]])).toBeGreaterThan(0);
  });

  test("is seen to lose some when the old key goes with it", async () => {
    expect(await refusedDuring([old, fresh], [[as(fresh, "current")]])).toBeGreaterThan(0);
  });
});
