/** The calls of an honest caller, on any wire. */
import { randomInt } from "node:crypto";
import type { JsonObject } from "@bufbuild/protobuf";
import { mustSucceed } from "../rpc/cases.ts";
import type { Received, Sent, WireClient } from "../rpc/wire-clients.ts";

export const newPhone = (): string => `+491511${randomInt(1_000_000, 9_999_999)}`;

export const sendTo = (phoneNumber: string, more: JsonObject = {}): Sent => ({
  method: "SendCode",
  request: { recipient: { phoneNumber }, ...more },
});

export const verify = (challengeId: string, code: string, more: JsonObject = {}): Sent => ({
  method: "VerifyCode",
  request: { challengeId, code, ...more },
});

export const challengeCall = (method: "GetChallenge" | "CancelChallenge" | "ResendCode", challengeId: string): Sent => ({
  method,
  request: { challengeId },
});

/** Sends a code and gives the id of its challenge; throws when it is refused. */
export const open = async (wire: WireClient, to: string, more: JsonObject = {}): Promise<string> =>
  challengeIdOf(await mustSucceed(wire, sendTo(to, more)));

export const challengeIdOf = (response: JsonObject): string => (response.challenge as { challengeId: string }).challengeId;

export type InboxMessage = {
  readonly channel: string;
  readonly to: string;
  readonly code: string;
  readonly challengeId: string;
  readonly text: string;
};

export async function inbox({ http }: { readonly http: string }, to?: string): Promise<InboxMessage[]> {
  const response = await fetch(`http://${http}/dev/inbox${to === undefined ? "" : `?to=${encodeURIComponent(to)}`}`);
  return (await response.json()) as InboxMessage[];
}

/** The code of a challenge, out of the inboxes of all processes that may have sent it. */
export async function codeOf(services: readonly { readonly http: string }[], challengeId: string): Promise<string> {
  const messages = (await Promise.all(services.map((service) => inbox(service)))).flat();
  const message = messages.find((each) => each.challengeId === challengeId);
  if (!message) throw new Error(`no message of challenge ${challengeId}`);
  return message.code;
}

export const wrong = (code: string): string => String((Number(code) + 1) % 10 ** code.length).padStart(code.length, "0");

/** `OK`, or the reason; the code where there is no reason. */
export const outcome = ({ code, reason }: Received): string => (code === "OK" ? "OK" : reason || code);

export function tally(received: readonly Received[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of received) counts[outcome(each)] = (counts[outcome(each)] ?? 0) + 1;
  return counts;
}

/** `count` calls at once, spread over the wires. */
export const parallel = (count: number, wires: readonly WireClient[], sent: (index: number) => Sent): Promise<Received[]> =>
  Promise.all(
    Array.from({ length: count }, (_, index) => {
      const wire = wires[index % wires.length];
      if (!wire) throw new Error("a call needs a wire");
      return wire.send(sent(index));
    }),
  );

export async function timed<T>(work: Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const started = performance.now();
  const value = await work;
  return { value, ms: performance.now() - started };
}
