import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  ChallengeState,
  Channel,
  DeliveryState,
  SendCodeRequestSchema,
  SendCodeResponseSchema,
  VerifyCodeResponseSchema,
} from "../../src/gen/countersign/v1/code_service_pb.js";
import { createBinaryWriter, hasSteps } from "../../src/rpc/write-binary.ts";

const time = { seconds: 1_789_000_000n, nanos: 999_000_000 };
const delivery = { channel: Channel.SMS, provider: "inbox", state: DeliveryState.ACCEPTED, createTime: time, updateTime: time };
const challenge = {
  challengeId: "c".repeat(36),
  state: ChallengeState.PENDING,
  maskedRecipient: "+49•••678",
  createTime: time,
  codeLength: 6,
  attemptsRemaining: 0,
  sendsRemaining: -1,
  deliveries: [delivery, { failure: "timeout" }, {}],
};

function expectSame<D extends DescMessage>(desc: D, init: MessageInitShape<D>): void {
  const message = create(desc, init);
  expect(Buffer.from(createBinaryWriter(desc)(message))).toEqual(Buffer.from(toBinary(desc, message)));
}

describe("createBinaryWriter writes what the library writes", () => {
  it("for an answer with everything in it, and for an empty one", () => {
    expectSame(SendCodeResponseSchema, { challenge });
    expectSame(SendCodeResponseSchema, {});
  });

  it("for a flag that is set, and the moment that goes with it", () => {
    expectSame(SendCodeResponseSchema, { challenge: { ...challenge, sandbox: true, simSwapTime: time } });
  });

  it("by steps of its own, and not by the library's, for what the service answers", () => {
    for (const desc of [SendCodeResponseSchema, VerifyCodeResponseSchema]) expect(hasSteps(desc)).toBe(true);
    expect(hasSteps(SendCodeRequestSchema)).toBe(false);
  });

  it("for each choice of a oneof, and for none", () => {
    for (const kind of ["phoneNumber", "emailAddress", "subject"] as const)
      expectSame(VerifyCodeResponseSchema, {
        recipient: { kind: { case: kind, value: "x" } },
        verifyTime: time,
        proofToken: "t".repeat(700),
      });
    expectSame(VerifyCodeResponseSchema, { recipient: { kind: { case: "subject", value: "" } } });
    expectSame(VerifyCodeResponseSchema, { recipient: {} });
  });

  it("for a type it leaves to the library, and for fields nobody knows", () => {
    expectSame(SendCodeRequestSchema, { binding: { amount: "1" }, channels: [Channel.SMS], locale: "de" });
    const message = create(SendCodeResponseSchema, {});
    message.$unknown = [{ no: 99, wireType: 0, data: Uint8Array.of(1) }];
    expect(Buffer.from(createBinaryWriter(SendCodeResponseSchema)(message))).toEqual(
      Buffer.from(toBinary(SendCodeResponseSchema, message)),
    );
  });
});
