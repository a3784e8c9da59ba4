import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { type Challenge, ChallengeSchema, ChallengeState, Channel, DeliveryState } from "../../src/gen/countersign/v1/code_service_pb.js";
import { describeChanges } from "../../web/playground/changes.ts";
import { curl, grpcurl, typescript } from "../../web/playground/snippets.ts";

const places = { http: "http://127.0.0.1:8080", grpc: "127.0.0.1:50051" };
const called = { service: "countersign.v1.CodeService", method: "SendCode", request: { binding: { payee: "Ada's" } } };

it("writes a call for a shell, whatever is in it", () => {
  expect(curl(called, places)).toBe(`curl -s http://127.0.0.1:8080/countersign.v1.CodeService/SendCode \\
  -H 'content-type: application/json' \\
  -d '{
  "binding": {
    "payee": "Ada'\\''s"
  }
}'
`);
  expect(grpcurl(called, places)).toContain("127.0.0.1:50051 countersign.v1.CodeService/SendCode");
});

it("writes a call in TypeScript", () => {
  expect(typescript(called, places)).toContain(
    'import { CodeService, SendCodeRequestSchema } from "./gen/countersign/v1/code_service_pb.js"',
  );
  expect(typescript(called, places)).toContain('client.sendCode(fromJson(SendCodeRequestSchema, {\n  "binding"');
});

const challenge = (change: Partial<Challenge>, ...states: DeliveryState[]): Challenge =>
  create(ChallengeSchema, {
    state: ChallengeState.PENDING,
    maskedRecipient: "+49•••678",
    attemptsRemaining: 5,
    deliveries: states.map((state) => ({ channel: Channel.SMS, provider: "inbox", state })),
    ...(change as object),
  });
const texts = (before: Challenge | undefined, after: Challenge): string[] => describeChanges(before, after).map(({ text }) => text);

it("tells what has changed", () => {
  const opened = challenge({}, DeliveryState.SENDING);
  const accepted = challenge({}, DeliveryState.ACCEPTED);
  expect(texts(undefined, opened)).toEqual(["Challenge opened for +49•••678", "SMS on its way by inbox"]);
  expect(texts(opened, accepted)).toEqual(["SMS accepted by inbox"]);
  expect(texts(accepted, accepted)).toEqual([]);
  expect(texts(accepted, challenge({}, DeliveryState.ACCEPTED, DeliveryState.SENDING))).toEqual(["SMS (message 2) on its way by inbox"]);
  expect(texts(accepted, challenge({ attemptsRemaining: 4 }, DeliveryState.ACCEPTED))).toEqual(["Wrong code: 4 guesses left"]);
  expect(texts(accepted, challenge({ attemptsRemaining: 0, state: ChallengeState.EXHAUSTED }, DeliveryState.ACCEPTED))).toEqual([
    "Wrong code: 0 guesses left",
    "Every guess was spent",
  ]);
  // The right guess was one too.
  expect(texts(accepted, challenge({ attemptsRemaining: 4, state: ChallengeState.VERIFIED }, DeliveryState.ACCEPTED))).toEqual([
    "Verified",
  ]);
});
