import { expect, test } from "vitest";
import { closeRestored, type GivenUp, noteKeys } from "../../src/otp/restored-ledger.ts";
import { authenticatorWith } from "../store/requests.ts";

const now = 1_800_000_000_000;
const step = Math.floor(now / 30_000);
const counted = (): GivenUp => ({ challenges: 0, hotp: 0, recoveryCodes: 0 });

const ledger = () => ({
  challenges: {
    a: { state: "open", fallback: { channels: ["voice"] }, sealed: "k1.x" },
    b: { state: "verified", sealed: "k2.x" },
    c: { state: "canceled", sealed: "k2.x" },
  } as Record<string, { state: string; fallback?: unknown; sealed: string }>,
  authenticators: {
    app: authenticatorWith({ next: step - 100, secret: "v1.w.x" }),
    ahead: authenticatorWith({ next: step + 50, drift: 2 }),
    late: authenticatorWith({ next: 0, drift: 5, periodSeconds: 30 }),
    token: authenticatorWith({ kind: "hotp", next: 7, secret: "v2.x" }),
    paper: authenticatorWith({ kind: "recovery_code", secret: "", unused: ["h1", "h2"] }),
  },
});

test("nothing that could be consumed again is left", () => {
  const restored = ledger();
  const givenUp = counted();
  closeRestored(restored, { now, keepTokens: false }, givenUp);
  expect(givenUp).toEqual({ challenges: 1, hotp: 1, recoveryCodes: 2 });
  expect(Object.values(restored.challenges).map(({ state }) => state)).toEqual(["canceled", "verified", "canceled"]);
  expect(restored.challenges.a).not.toHaveProperty("fallback");
  expect(Object.keys(restored.authenticators)).toEqual(["app", "ahead", "late", "paper"]);
  expect(restored.authenticators.paper.unused).toEqual([]);
  // A window of three steps, and a clock that is ahead: any of these could have been used a moment ago.
  expect(restored.authenticators.app.next).toBe(step + 4);
  expect(restored.authenticators.late.next).toBe(step + 9);
  expect(restored.authenticators.ahead.next).toBe(step + 50);
});

test("tokens are kept for who says so; challenges and shown codes never are", () => {
  const restored = ledger();
  const givenUp = counted();
  closeRestored(restored, { now, keepTokens: true }, givenUp);
  expect(givenUp).toEqual({ challenges: 1, hotp: 0, recoveryCodes: 0 });
  expect(restored.authenticators.token.next).toBe(7);
  expect(restored.authenticators.paper.unused).toEqual(["h1", "h2"]);
  expect(restored.authenticators.app.next).toBe(step + 4);
});

test("the keys that are needed are told by their ids, and nothing else of what is sealed", () => {
  const keys = { codeKeys: new Set<string>(), authenticatorKeys: new Set<string>() };
  noteKeys(ledger(), keys);
  expect(keys).toEqual({ codeKeys: new Set(["k1", "k2"]), authenticatorKeys: new Set(["k1", "v1", "v2"]) });
});
