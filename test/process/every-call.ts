/** Every kind of call a caller can make, right and wrong, on one wire. */
import type { JsonObject } from "@bufbuild/protobuf";
import { expect } from "vitest";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeCall, newPhone, open, outcome, verify, wrong } from "./calls.ts";
import type { Secret } from "./secrets-in.ts";

export type Place = {
  /** The code last sent to the recipient. */
  readonly codeSentTo: (to: string, channel: string) => Promise<string>;
  /** Makes a challenge's lifetime end now. */
  readonly expire: (challengeId: string) => Promise<void>;
};

/** What must be found nowhere: each code that was sent, each that was tried, and each recipient. */
export async function makeEveryCall(wire: WireClient, place: Place): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (const channel of ["CHANNEL_SMS", "CHANNEL_VOICE", "CHANNEL_EMAIL"]) {
    const to = channel === "CHANNEL_EMAIL" ? `ann.${newPhone().slice(1)}@example.com` : newPhone();
    const codes = await useChannel(wire, place, { channel, to });
    secrets.push({ name: `the recipient by ${channel}`, text: to.replace("+", "") });
    secrets.push(...codes.map((code, index) => ({ name: `code ${index} by ${channel} over ${wire.name}`, text: code })));
  }
  return secrets;
}

async function useChannel(wire: WireClient, place: Place, { channel, to }: { channel: string; to: string }): Promise<string[]> {
  const recipient: JsonObject = channel === "CHANNEL_EMAIL" ? { emailAddress: to } : { phoneNumber: to };
  const more = {
    recipient,
    channels: [channel],
    binding: { amount: "12.50", payee: "ACME" },
    purpose: "payment",
    idempotencyKey: `key-${newPhone()}`,
  };
  const bound = { binding: more.binding, purpose: "payment" };
  const says = async (sent: Parameters<WireClient["send"]>[0], expected: string) =>
    expect(outcome(await wire.send(sent)), JSON.stringify(sent)).toBe(expected);

  const challengeId = await open(wire, to, more);
  const first = await place.codeSentTo(to, channel);
  await says({ method: "SendCode", request: more }, "OK");
  await says(verify(challengeId, wrong(first), bound), "CODE_MISMATCH");
  await says(challengeCall("ResendCode", challengeId), "OK");
  const second = await place.codeSentTo(to, channel);
  await says(verify(challengeId, first, bound), "CODE_MISMATCH");
  await says(verify(challengeId, second), "BINDING_MISMATCH");
  // A caller that mixes up its fields.
  await says(verify(second, challengeId, bound), "INVALID_ARGUMENT");
  await says(verify(second, second, bound), "CHALLENGE_NOT_FOUND");
  await says(challengeCall("CancelChallenge", second), "CHALLENGE_NOT_FOUND");
  await says(challengeCall("ResendCode", second), "CHALLENGE_NOT_FOUND");
  await says(verify(challengeId, `${second} ${second}`, bound), "INVALID_ARGUMENT");
  await says(
    { method: "VerifyCode", json: `{"challengeId":"${challengeId}","code":${second}`, binary: Buffer.from(`\u0012\u0063${second}`) },
    "INVALID_ARGUMENT",
  );
  await says(verify(challengeId, second, { ...bound, requestId: second }), "OK");
  await says(verify(challengeId, second, { ...bound, requestId: second }), "OK");
  await says(verify(challengeId, second, bound), "CODE_ALREADY_USED");
  await says(challengeCall("GetChallenge", challengeId), "OK");

  const canceled = await open(wire, to, { ...more, idempotencyKey: "" });
  const third = await place.codeSentTo(to, channel);
  await says(challengeCall("CancelChallenge", canceled), "OK");
  await says(verify(canceled, third, bound), "CHALLENGE_CANCELED");

  const expired = await open(wire, to, { ...more, idempotencyKey: "" });
  const fourth = await place.codeSentTo(to, channel);
  await place.expire(expired);
  await says(verify(expired, fourth, bound), "CODE_EXPIRED");
  return [first, wrong(first), second, third, fourth];
}
