import { describe, expect, it } from "vitest";
import { type Failure, localFailure } from "../../web/element/failure.ts";
import { type ChallengeInfo, type Happening, reduce, type State } from "../../web/element/machine.ts";

const challenge: ChallengeInfo = {
  id: "c1",
  state: "pending",
  channel: "sms",
  maskedRecipient: "+49•••678",
  expiresAt: 300_000,
  resendAt: 30_000,
  codeLength: 6,
  attemptsRemaining: 5,
  sendsRemaining: 4,
};
const asked: State = { step: "code", challenge, messages: 1 };
const asking: State = { step: "recipient", kind: "phone", busy: true };
const failure = (reason: string, metadata: Record<string, string> = {}, retryAfterMs?: number): Failure => ({
  reason,
  metadata,
  fields: [],
  ...(retryAfterMs !== undefined && { retryAfterMs }),
});
const failed = (state: State, why: Failure): State => reduce(state, { type: "failed", failure: why, at: 1_000 });

it("goes from a recipient by a code to a proof", () => {
  const verification = { challengeId: "c1", channel: "sms", purpose: "login", verifiedAt: new Date(0), proofToken: "t" } as const;
  const happenings: Happening[] = [
    { type: "started", kind: "phone" },
    { type: "sending" },
    { type: "sent", challenge },
    { type: "verifying" },
    { type: "verified", verification },
  ];
  const states: State[] = [];
  let state: State = { step: "restoring" };
  for (const each of happenings) {
    state = reduce(state, each);
    states.push(state);
  }
  expect(states).toEqual([
    { step: "recipient", kind: "phone", busy: false },
    { step: "recipient", kind: "phone", busy: true },
    { step: "code", challenge, messages: 1 },
    { step: "code", challenge, messages: 1, busy: "verify" },
    { step: "done", verification },
  ]);
});

describe("after a failure", () => {
  it.each([
    ["CODE_EXPIRED", {}, "expired"],
    ["CODE_ALREADY_USED", {}, "used"],
    ["CHALLENGE_CANCELED", {}, "canceled"],
    ["CHALLENGE_NOT_FOUND", {}, "gone"],
    ["TOO_MANY_ATTEMPTS", { scope: "challenge" }, "exhausted"],
    ["TOO_MANY_ATTEMPTS", { scope: "recipient" }, "locked"],
    ["CODE_MISMATCH", { attempts_remaining: "0" }, "exhausted"],
  ])("%s %j: the challenge is over, being %s", (reason, metadata, why) => {
    expect(failed({ ...asked, busy: "verify" }, failure(reason, metadata))).toMatchObject({
      step: "over",
      why,
      kind: "phone",
      busy: false,
    });
  });

  it.each(["CODE_MISMATCH", "BINDING_MISMATCH"])("%s: the guesses that are left are counted", (reason) => {
    const next = failed({ ...asked, busy: "verify" }, failure(reason, { attempts_remaining: "2" }));
    expect(next).toEqual({ ...asked, challenge: { ...challenge, attemptsRemaining: 2 }, failure: expect.anything() });
  });

  it("too soon: the wait is what the service says, and never shorter than it was", () => {
    expect(failed(asked, failure("RESEND_COOLDOWN", {}, 60_000))).toMatchObject({ challenge: { resendAt: 61_000 } });
    expect(failed(asked, failure("RESEND_COOLDOWN", {}, 5_000))).toMatchObject({ challenge: { resendAt: 30_000 } });
  });

  it("no more messages: none is offered", () => {
    expect(failed(asked, failure("RATE_LIMITED", { scope: "challenge" }))).toMatchObject({ challenge: { sendsRemaining: 0 } });
    expect(failed(asked, failure("RATE_LIMITED", { scope: "recipient" }, 90_000))).toMatchObject({ challenge: { resendAt: 91_000 } });
  });

  it.each(["NO_ANSWER", "STORE_UNAVAILABLE", "INTERNAL", "DELIVERY_FAILED"])("%s: everything stays as it was", (reason) => {
    expect(failed({ ...asked, busy: "resend" }, failure(reason))).toEqual({ ...asked, failure: failure(reason) });
    expect(failed(asking, failure(reason))).toEqual({ ...asking, busy: false, failure: failure(reason) });
  });

  it("the next try clears it", () => {
    expect(reduce(failed(asked, localFailure("NOT_SENT", "code")), { type: "verifying" })).toEqual({ ...asked, busy: "verify" });
    expect(reduce(failed(asking, failure("INTERNAL")), { type: "sending" })).toEqual(asking);
  });
});

describe("what another window did", () => {
  it("is taken over, but not in the middle of a call", () => {
    const other = { ...challenge, attemptsRemaining: 1 };
    expect(reduce(asked, { type: "looked", challenge: other })).toEqual({ ...asked, challenge: other });
    expect(reduce({ ...asked, busy: "verify" }, { type: "looked", challenge: other })).toEqual({ ...asked, busy: "verify" });
    expect(reduce(asked, { type: "looked", challenge: { ...challenge, state: "used" } })).toMatchObject({ step: "over", why: "used" });
  });

  it("takes nothing back from a verification", () => {
    const done: State = {
      step: "done",
      verification: { challengeId: "c1", channel: "sms", purpose: "", verifiedAt: new Date(0), proofToken: "" },
    };
    for (const happening of [{ type: "expired" }, { type: "looked", challenge }, { type: "sending" }, { type: "resending" }] as const)
      expect(reduce(done, happening)).toEqual(done);
    expect(failed(done, failure("CODE_EXPIRED"))).toEqual(done);
  });
});
