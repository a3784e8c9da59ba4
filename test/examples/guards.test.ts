import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { guards } from "../../examples/guards.ts";
import { runProgram } from "../../examples/run-program.ts";
import { type RunningGuard, startGuard } from "../../examples/start-guard.ts";
import { developmentProofs } from "../../src/config/development-proofs.ts";
import { parseProofKey } from "../../src/config/proof-key.ts";
import { createProofSigner } from "../../src/tokens/sign-proof.ts";
import { challengeIdOf, codeOf, newPhone } from "../process/calls.ts";
import { freePort, type Service, startService } from "../process/service.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { newProof, terms } from "../tokens/kit.ts";
import { altered } from "../verify/kit.ts";
import { prepareAll } from "./prepared.ts";

const prepared = await prepareAll(guards);

let service: Service;
const running: RunningGuard[] = [];
beforeAll(async () => {
  service = await startService();
});
afterAll(() => {
  for (const guard of running) guard.stop();
});

/** A proof as a person earns it. */
async function earn(purpose: string): Promise<string> {
  const sent = await mustSucceed(service.JSON, { method: "SendCode", request: { recipient: { phoneNumber: newPhone() }, purpose } });
  const challengeId = challengeIdOf(sent);
  const request = { challengeId, code: await codeOf([service], challengeId), purpose };
  return String((await mustSucceed(service.JSON, { method: "VerifyCode", request })).proofToken);
}

/** Everybody knows the key of development mode. */
function forge(audience: string, change: Parameters<typeof newProof>[0] = {}): Promise<string> {
  const [key] = developmentProofs.keys;
  const privateKey = parseProofKey(key?.privateKey ?? "");
  if (!privateKey) throw new Error("development mode has no key");
  const signer = createProofSigner({ ...terms, issuer: developmentProofs.issuer, audiences: new Map([["shop", audience]]) }, [
    { id: "dev", algorithm: "ES256", status: "current", privateKey },
  ]);
  return signer.sign(newProof({ bindingDigest: "", ...change }));
}

async function start({ example, folder = "" }: (typeof prepared)[number]): Promise<RunningGuard["ask"]> {
  const where = { port: await freePort(), countersign: `http://${service.http}` };
  const guard = await startGuard(example, folder, { ...where, issuer: developmentProofs.issuer, audience: "dev" });
  running.push(guard);
  return guard.ask;
}

describe.each(prepared)("the guard in $name", { timeout: 60_000 }, (each) => {
  test.skipIf(!each.folder)("lets a proof of the right purpose through, and nothing else", async () => {
    const ask = await start(each);
    const right = await earn("payment");
    const subject = JSON.parse(Buffer.from(right.split(".")[1] ?? "", "base64url").toString()).sub;
    expect((await ask(altered(right))).status).toBe(401);
    expect(await ask(right)).toMatchObject({ status: 200, text: expect.stringContaining(`"${subject}"`) });
    expect((await ask(right)).status).toBe(each.example.spends ? 401 : 200);
    const wrong = {
      none: undefined,
      garbage: "a.b.c",
      "of another purpose": await earn("login"),
      "for another application": await forge("shop"),
      expired: await forge("dev", { verifiedAt: Date.now() - 600_000 }),
      "of a binding": await forge("dev", { bindingDigest: "x".repeat(43) }),
    };
    for (const [name, proof] of Object.entries(wrong)) {
      const { status, asksFor } = await ask(proof);
      expect({ name, status, asksFor }).toEqual({ name, status: 401, asksFor: expect.stringMatching(/^Countersign purpose="payment"/) });
    }
  });
});

const express = prepared.find(({ name }) => name === "express");

test.skipIf(!express?.folder)("every entry of the packed package is found and exports what its name says", async () => {
  const program = `for (const entry of ["", "/express", "/fastify", "/connect", "/grpc-js"])
    console.log(Object.keys(await import("countersign-verify" + entry)).sort().join(" "));`;
  const { stdout } = await runProgram([process.execPath, "--input-type=module", "-e", program], { cwd: express?.folder ?? "" });
  expect(stdout.split("\n")).toEqual([
    "ProofKeysUnavailable createProofVerifier",
    "proofOf requireProof",
    "proofOf requireProof",
    "createConnectInterceptor proofKey",
    "createGrpcJsInterceptor proofOf",
    "",
  ]);
});
