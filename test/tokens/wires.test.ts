import type { Transport } from "@connectrpc/connect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import type { Config } from "../../src/config/config.ts";
import { Channel, CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ProofService } from "../../src/gen/countersign/v1/proof_service_pb.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { createLog } from "../../src/telemetry/log.ts";
import { loadDevelopment } from "../config/production.ts";

const { logger } = createLog({ level: "silent" });
const config = loadDevelopment({ COUNTERSIGN_GRPC_ADDR: "127.0.0.1:0", COUNTERSIGN_HTTP_ADDR: "127.0.0.1:0" });
const apps: App[] = [];
const start = async (as: Config): Promise<App> => {
  const app = await startApp(as, logger);
  apps.push(app);
  return app;
};
afterAll(() => Promise.all(apps.map((app) => app.close())));

const binding = { amount: "12.00 EUR", payee: "ACME" };

async function verify({ addresses }: App, transport: Transport) {
  const codes = createClient(CodeService, transport);
  const phoneNumber = `+491511${String(Math.random()).slice(2, 9)}`;
  const { challenge } = await codes.sendCode({
    recipient: { kind: { case: "phoneNumber", value: phoneNumber } },
    purpose: "payment",
    binding,
  });
  const inbox = await fetch(`http://${addresses.http}/dev/inbox?to=${encodeURIComponent(phoneNumber)}`);
  const [message] = (await inbox.json()) as { code: string }[];
  return codes.verifyCode({ challengeId: challenge?.challengeId, code: message?.code, purpose: "payment", binding });
}

async function refusal(work: Promise<unknown>) {
  const error = await work.then(
    () => new Error("it was allowed"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw error;
  return [Code[error.code], error.findDetails(ErrorInfoSchema)[0]?.reason];
}

const transports = {
  gRPC: ({ addresses }: App) => createGrpcTransport({ baseUrl: `http://${addresses.grpc}` }),
  "gRPC-Web": ({ addresses }: App) => createGrpcWebTransport({ baseUrl: `http://${addresses.http}`, httpVersion: "1.1" }),
  Connect: ({ addresses }: App) =>
    createConnectTransport({ baseUrl: `http://${addresses.http}`, httpVersion: "1.1", useBinaryFormat: true }),
  JSON: ({ addresses }: App) => createConnectTransport({ baseUrl: `http://${addresses.http}`, httpVersion: "1.1", useBinaryFormat: false }),
} as const;

describe.each(Object.entries(transports))("on %s", (_, connect) => {
  let app: App;
  let transport: Transport;
  beforeAll(async () => {
    app = apps[0] ?? (await start(config));
    transport = connect(app);
  });

  test("a verification comes with a proof that its published key verifies, and that is redeemed once", async () => {
    const verified = await verify(app, transport);
    const keys = createRemoteJWKSet(new URL(`http://${app.addresses.http}/.well-known/jwks.json`));
    const checks = { algorithms: ["ES256"], typ: "countersign-proof+jwt", issuer: "countersign-development", audience: "dev" };
    const { payload } = await jwtVerify(verified.proofToken, keys, checks);
    const proofs = createClient(ProofService, transport);
    const redeemed = await proofs.redeemProof({ proofToken: verified.proofToken, requestId: "a" });
    expect(redeemed).toMatchObject({
      challengeId: verified.challengeId,
      subject: payload.sub,
      channel: Channel.SMS,
      purpose: "payment",
      bindingSha256: payload.binding_sha256,
      verifyTime: { seconds: verified.verifyTime?.seconds, nanos: 0 },
    });
    const waitedMs = Number(redeemed.redeemTime?.seconds) * 1000 - (payload.iat ?? 0) * 1000;
    expect([waitedMs >= 0, waitedMs < 60_000]).toEqual([true, true]);
    expect(await proofs.redeemProof({ proofToken: verified.proofToken, requestId: "a" })).toEqual(redeemed);
    expect(await refusal(proofs.redeemProof({ proofToken: verified.proofToken }))).toEqual([
      "FailedPrecondition",
      "PROOF_ALREADY_REDEEMED",
    ]);
  });

  test("what is no proof is refused", async () => {
    const proofs = createClient(ProofService, transport);
    const { proofToken } = await verify(app, transport);
    expect(await refusal(proofs.redeemProof({}))).toEqual(["InvalidArgument", "INVALID_ARGUMENT"]);
    expect(await refusal(proofs.redeemProof({ proofToken: `${proofToken}x` }))).toEqual(["PermissionDenied", "PROOF_INVALID"]);
  });
});

test("the keys are published beside the RPCs, for caches too", async () => {
  const { addresses } = apps[0] ?? (await start(config));
  const response = await fetch(`http://${addresses.http}/.well-known/jwks.json?x=1`);
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "public, max-age=300"]);
});

test("without proof keys nothing is published, signed or redeemed", async () => {
  const app = await start({ ...config, proofs: undefined });
  const transport = transports.Connect(app);
  expect((await verify(app, transport)).proofToken).toBe("");
  expect((await fetch(`http://${app.addresses.http}/.well-known/jwks.json`)).status).toBe(404);
  const redeem = createClient(ProofService, transport).redeemProof({ proofToken: "a.b.c" });
  expect(await refusal(redeem)).toEqual(["Unimplemented", "UNIMPLEMENTED"]);
});
