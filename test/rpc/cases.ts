/** The table that every wire is held against, with the service of the tests or with a real one. */
import type { JsonObject } from "@bufbuild/protobuf";
import { flowCases } from "./cases-flow.ts";
import { inputCases } from "./cases-input.ts";
import type { Received, Sent, WireClient } from "./wire-clients.ts";

export type Expected = {
  readonly code: string;
  readonly reason?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Fields of the BadRequest, in any order. */
  readonly fields?: readonly string[];
  /** Bounds of the RetryInfo; without them there must be none. */
  readonly retryMs?: readonly [least: number, most: number];
};

/** What a case needs to know of the service under test. */
export type World = {
  /** A recipient nobody has sent anything to yet. */
  newPhoneNumber(): string;
  /** The code of the last message to a recipient. */
  codeSentTo(phoneNumber: string): Promise<string>;
};

export type Case = {
  readonly name: string;
  /** The wires it is about: those of one encoding, where what is wrong cannot be said in the other. */
  readonly encoding?: WireClient["encoding"];
  /** Only where callers need a key. */
  readonly needsKeys?: true;
  /** The request, or the steps that lead to it. */
  readonly send: Sent | ((wire: WireClient, world: World) => Promise<Sent>);
  readonly expect: Expected;
};

export const cases: readonly Case[] = [...inputCases, ...flowCases];

export async function runCase({ send }: Case, wire: WireClient, world: World): Promise<Received> {
  return wire.send(typeof send === "function" ? await send(wire, world) : send);
}

/** What is the same on all wires, in the form `Expected` has it; the times within their bounds are replaced by them. */
export function summary(received: Received, expected: Expected): Expected {
  const { code, reason, metadata, violations, retryAfterMs } = received;
  const [least, most] = expected.retryMs ?? [0, -1];
  const inBounds = retryAfterMs !== undefined && retryAfterMs >= least && retryAfterMs <= most;
  return {
    code,
    ...(code !== "OK" && { reason, metadata }),
    ...(violations.length > 0 && { fields: [...new Set(violations.map(({ field }) => field))].toSorted() }),
    ...(retryAfterMs !== undefined && { retryMs: inBounds ? [least, most] : [retryAfterMs, retryAfterMs] }),
  };
}

/** The expectation with everything it leaves open spelled out: no metadata, fields or RetryInfo but those it names. */
export const complete = (expected: Expected): Expected => ({
  ...(expected.code !== "OK" && { reason: expected.code, metadata: {} }),
  ...expected,
  ...(expected.fields && { fields: expected.fields.toSorted() }),
});

/** A call that leads to the case and must succeed. */
export async function mustSucceed(wire: WireClient, sent: Sent): Promise<JsonObject> {
  const { code, reason, message, response } = await wire.send(sent);
  if (code !== "OK" || !response) throw new Error(`${sent.method}: ${code} ${reason} ${message}`);
  return response;
}
