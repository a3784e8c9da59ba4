import type { JsonObject } from "@bufbuild/protobuf";
import type { Case, World } from "./cases.ts";
import { mustSucceed } from "./cases.ts";
import type { Sent, WireClient } from "./wire-clients.ts";

type Opened = {
  readonly wire: WireClient;
  readonly world: World;
  readonly challengeId: string;
  readonly code: string;
  readonly to: string;
};

const flow = (name: string, steps: (opened: Opened) => Promise<Sent> | Sent, expect: Case["expect"]): Case => ({
  name,
  send: async (wire, world) => steps(await open(wire, world)),
  expect,
});

export const flowCases: readonly Case[] = [
  flow("a right code", ({ challengeId, code }) => verify(challengeId, code), { code: "OK" }),
  flow("reading a challenge", ({ challengeId }) => ({ method: "GetChallenge", request: { challengeId } }), { code: "OK" }),
  flow("canceling a challenge", ({ challengeId }) => ({ method: "CancelChallenge", request: { challengeId } }), { code: "OK" }),
  flow("a wrong code", ({ challengeId, code }) => verify(challengeId, wrong(code)), {
    code: "PERMISSION_DENIED",
    reason: "CODE_MISMATCH",
    metadata: { attempts_remaining: "4" },
  }),
  flow("another purpose", ({ challengeId, code }) => verify(challengeId, code, { purpose: "payment" }), {
    code: "FAILED_PRECONDITION",
    reason: "BINDING_MISMATCH",
    metadata: { attempts_remaining: "4" },
  }),
  flow("another binding", ({ challengeId, code }) => verify(challengeId, code, { binding: { amount: "1" } }), {
    code: "FAILED_PRECONDITION",
    reason: "BINDING_MISMATCH",
    metadata: { attempts_remaining: "4" },
  }),
  flow(
    "a used code",
    async ({ wire, challengeId, code }) => {
      await mustSucceed(wire, verify(challengeId, code));
      return verify(challengeId, code);
    },
    { code: "FAILED_PRECONDITION", reason: "CODE_ALREADY_USED" },
  ),
  flow(
    "a canceled challenge",
    async ({ wire, challengeId, code }) => {
      await mustSucceed(wire, { method: "CancelChallenge", request: { challengeId } });
      return verify(challengeId, code);
    },
    { code: "FAILED_PRECONDITION", reason: "CHALLENGE_CANCELED" },
  ),
  flow(
    "spent guesses",
    async ({ wire, challengeId, code }) => {
      for (let guess = 0; guess < 5; guess++) await wire.send(verify(challengeId, wrong(code)));
      return verify(challengeId, code);
    },
    { code: "RESOURCE_EXHAUSTED", reason: "TOO_MANY_ATTEMPTS", metadata: { scope: "challenge" } },
  ),
  flow("a resend too soon", ({ challengeId }) => ({ method: "ResendCode", request: { challengeId } }), {
    code: "RESOURCE_EXHAUSTED",
    reason: "RESEND_COOLDOWN",
    retryMs: [1, 30_000],
  }),
  flow(
    "too many messages",
    async ({ wire, to }) => {
      for (let more = 0; more < 4; more++) await mustSucceed(wire, sendTo(to));
      return sendTo(to);
    },
    { code: "RESOURCE_EXHAUSTED", reason: "RATE_LIMITED", metadata: { scope: "recipient" }, retryMs: [1, 600_000] },
  ),
  flow("a challenge that is not there", () => verify("A".repeat(36), "123456"), { code: "NOT_FOUND", reason: "CHALLENGE_NOT_FOUND" }),
  flow(
    "an idempotency key for something else",
    async ({ wire, world }) => {
      const to = world.newPhoneNumber();
      const idempotencyKey = `key-${to}`;
      await mustSucceed(wire, sendTo(to, { idempotencyKey }));
      return sendTo(to, { idempotencyKey, binding: { amount: "2" } });
    },
    { code: "ALREADY_EXISTS", reason: "IDEMPOTENCY_KEY_REUSED" },
  ),
  flow(
    "a request id for another guess",
    async ({ wire, challengeId, code }) => {
      await wire.send(verify(challengeId, wrong(code), { requestId: "r1" }));
      return verify(challengeId, code, { requestId: "r1" });
    },
    { code: "ALREADY_EXISTS", reason: "IDEMPOTENCY_KEY_REUSED" },
  ),
];

async function open(wire: WireClient, world: World): Promise<Opened> {
  const to = world.newPhoneNumber();
  const { challenge } = await mustSucceed(wire, sendTo(to));
  return { wire, world, to, challengeId: (challenge as { challengeId: string }).challengeId, code: await world.codeSentTo(to) };
}

const sendTo = (phoneNumber: string, more: JsonObject = {}): Sent => ({
  method: "SendCode",
  request: { recipient: { phoneNumber }, ...more },
});

const verify = (challengeId: string, code: string, more: JsonObject = {}): Sent => ({
  method: "VerifyCode",
  request: { challengeId, code, ...more },
});

const wrong = (code: string): string => String((Number(code) + 1) % 10 ** code.length).padStart(code.length, "0");
