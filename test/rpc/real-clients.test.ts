/** The clients people use, as they come out of their packages. */
import { create } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { createConnectTransport as createWebConnect, createGrpcWebTransport as createWebGrpcWeb } from "@connectrpc/connect-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChallengeState, Channel, CodeService, SendCodeRequestSchema } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { createWorld, key, startWires } from "./fixture.ts";

const { useCases, world } = createWorld();
let service: Awaited<ReturnType<typeof startWires>>;
beforeAll(async () => {
  service = await startWires({ useCases });
});
afterAll(() => service.close());

const transports: Record<string, () => Transport> = {
  "connect-node, gRPC": () => createGrpcTransport({ baseUrl: `http://${service.addresses.grpc}` }),
  "connect-node, gRPC-Web": () => createGrpcWebTransport({ baseUrl: `http://${service.addresses.http}`, httpVersion: "1.1" }),
  "connect-node, Connect": () =>
    createConnectTransport({ baseUrl: `http://${service.addresses.http}`, httpVersion: "1.1", useBinaryFormat: true }),
  "connect-node, Connect with JSON": () => createConnectTransport({ baseUrl: `http://${service.addresses.http}`, httpVersion: "1.1" }),
  "connect-web, Connect": () => createWebConnect({ baseUrl: `http://${service.addresses.http}` }),
  "connect-web, gRPC-Web": () => createWebGrpcWeb({ baseUrl: `http://${service.addresses.http}` }),
};

const headers = { authorization: `Bearer ${key}` };

describe.each(Object.entries(transports))("%s", (_, createTransport) => {
  it("sends and verifies", async () => {
    const client = createClient(CodeService, createTransport());
    const to = world.newPhoneNumber();
    const recipient = { kind: { case: "phoneNumber" as const, value: to } };
    const request = create(SendCodeRequestSchema, {
      recipient,
      channels: [Channel.SMS],
      binding: { amount: "10 \u20ac", payee: "\u00c4rzte" },
    });
    const { challenge } = await client.sendCode(request, { headers, timeoutMs: 5000 });
    expect(challenge).toMatchObject({ state: ChallengeState.PENDING, channel: Channel.SMS, codeLength: 6, attemptsRemaining: 5 });
    expect(Number(challenge?.expireTime?.seconds) - Number(challenge?.createTime?.seconds)).toBe(300);
    const challengeId = challenge?.challengeId ?? "";
    const verified = await client.verifyCode({ challengeId, code: await world.codeSentTo(to), binding: request.binding }, { headers });
    expect(verified).toMatchObject({ challengeId, channel: Channel.SMS, purpose: "login", recipient: { kind: recipient.kind } });
  });

  it("finds the details of an error", async () => {
    const client = createClient(CodeService, createTransport());
    const error = await client.getChallenge({ challengeId: "A".repeat(36) }, { headers }).catch((thrown) => ConnectError.from(thrown));
    expect(error).toMatchObject({ code: Code.NotFound });
    expect((error as ConnectError).findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "CHALLENGE_NOT_FOUND", domain: "countersign" }]);
  });

  it("is told that nothing can be watched", async () => {
    const client = createClient(CodeService, createTransport());
    const watching = async () => {
      for await (const _ of client.watchChallenge({ challengeId: "A".repeat(36) }, { headers })) throw new Error("a message");
    };
    await expect(watching()).rejects.toMatchObject({ code: Code.Unimplemented });
  });
});
