/** The clients people use, as they come out of their packages. */
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChallengeState, Channel, CodeService, SendCodeRequestSchema } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { createWorld, key, startWires } from "./fixture.ts";
import { transportsTo } from "./transports.ts";

const { useCases, world } = createWorld();
let service: Awaited<ReturnType<typeof startWires>>;
beforeAll(async () => {
  service = await startWires({ useCases });
});
afterAll(() => service.close());

const transports = Object.entries(transportsTo(() => service.addresses));

const headers = { authorization: `Bearer ${key}` };

describe.each(transports)("%s", (_, createTransport) => {
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
});
