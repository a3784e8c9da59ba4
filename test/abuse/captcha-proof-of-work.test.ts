import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Challenge, type Solution, solveChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import { describe, expect, onTestFinished, test } from "vitest";
import { createProofOfWork } from "../../src/abuse/captcha-proof-of-work.ts";
import type { CaptchaUse } from "../../src/otp/guard-ports.ts";
import { judgeRedemption } from "../../src/otp/redemption.ts";
import type { RedemptionStore } from "../../src/otp/store-ports.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { createMemoryRedemptions } from "../tokens/memory-redemptions.ts";
import { patience } from "./policy-asks.ts";

const page = { origin: "https://app.example.com", action: "login" };
const use: CaptchaUse = { ...page, hostnames: ["app.example.com"], ipAddress: "" };

type Options = { redemptions?: RedemptionStore; key?: string; now?: () => number; name?: string; difficulty?: number };

const work = ({ redemptions, key = "k", now = Date.now, name = "work", difficulty = 20 }: Options = {}) =>
  createProofOfWork(
    name,
    { difficulty, cost: 10, ttlMs: 60_000 },
    {
      redemptions: redemptions ?? createMemoryRedemptions({ now: Date.now() }),
      digest: (...parts) => [key, ...parts].join(),
      random: randomBytes,
      now,
    },
  );

/** What ALTCHA's widget does: solves, and writes both as JSON in Base64. */
async function solve(challenge: object): Promise<string> {
  const solution = await solveChallenge({ challenge: challenge as Challenge, deriveKey });
  return encode({ challenge, solution });
}
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
type Answer = { challenge: Challenge; solution: Solution };
const decode = (token: string): Answer => JSON.parse(Buffer.from(token, "base64").toString());

test("a challenge is in ALTCHA's format, and says nothing of the number", async () => {
  const challenge = await work().createChallenge(page);
  expect(challenge).toEqual({
    parameters: {
      algorithm: "PBKDF2/SHA-256",
      cost: 10,
      data: page,
      expiresAt: expect.any(Number),
      keyLength: 32,
      keyPrefix: expect.stringMatching(/^[0-9a-f]{32}$/),
      keySignature: expect.stringMatching(/^[0-9a-f]{64}$/),
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      salt: expect.stringMatching(/^[0-9a-f]{32}$/),
    },
    signature: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test("solved, it passes", async () => {
  const one = work();
  expect(await one.check(await solve(await one.createChallenge(page)), use, patience())).toBe("passed");
});

test("its work is the difficulty, give or take a half", async () => {
  const one = work({ difficulty: 40 });
  const counters = await Promise.all(
    Array.from({ length: 40 }, async () => decode(await solve(await one.createChallenge(page))).solution.counter),
  );
  expect(Math.min(...counters)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...counters)).toBeLessThan(60);
  expect(new Set(counters).size).toBeGreaterThan(10);
});

describe("it is bound", () => {
  const bound: CaptchaUse = { ...use, hostnames: [] };
  test.for<[what: string, use: CaptchaUse, verdict: string]>([
    ["to its purpose", { ...bound, action: "payment" }, "refused"],
    ["to its page", { ...bound, origin: "https://app.example.org" }, "refused"],
    ["to the page's port", { ...bound, origin: "https://app.example.com:8443" }, "refused"],
    ["to the hosts that are listed", { ...bound, origin: "", hostnames: ["other.example.com"] }, "refused"],
    ["to nothing that is not known", { ...bound, origin: "" }, "passed"],
  ])("%s", async ([, asked, verdict]) => {
    const one = work();
    expect(await one.check(await solve(await one.createChallenge(page)), asked, patience())).toBe(verdict);
  });

  test("to a page, where the page did not say which it is", async () => {
    const one = work();
    const token = await solve(await one.createChallenge({ ...page, origin: "" }));
    expect(await one.check(token, { ...use, hostnames: [] }, patience())).toBe("refused");
  });
});

describe("is refused", () => {
  const altered = (change: (answer: Answer) => void) => async (token: string) => {
    const answer = decode(token);
    change(answer);
    return encode(answer);
  };
  test.for<[what: string, alter: (token: string) => string | Promise<string>]>([
    ["nothing", () => ""],
    ["no Base64", () => "%%%"],
    ["no JSON", () => Buffer.from("{").toString("base64")],
    ["null", () => encode(null)],
    ["a list", () => encode([])],
    ["no solution", (token) => encode({ challenge: decode(token).challenge })],
    ["no challenge", (token) => encode({ solution: decode(token).solution })],
    ["texts for both", () => encode({ challenge: "c", solution: "s" })],
    ["no parameters", (token) => encode({ ...decode(token), challenge: { signature: "0".repeat(64) } })],
    ["a nesting", () => Buffer.from(`{"challenge":${'{"parameters":'.repeat(200)}1${"}".repeat(201)}`).toString("base64")],
    ["a wrong number", altered(({ solution }) => Object.assign(solution, { counter: -1 }))],
    ["a number that is a text", altered(({ solution }) => Object.assign(solution, { counter: "1" }))],
    ["a wrong key", altered(({ solution }) => Object.assign(solution, { derivedKey: "00".repeat(32) }))],
    [
      "only the beginning of the key",
      altered(({ challenge, solution }) => Object.assign(solution, { derivedKey: challenge.parameters.keyPrefix })),
    ],
    ["less work", altered(({ challenge }) => Object.assign(challenge.parameters, { cost: 1 }))],
    ["another algorithm", altered(({ challenge }) => Object.assign(challenge.parameters, { algorithm: "SHA-256" }))],
    ["a longer life", altered(({ challenge }) => Object.assign(challenge.parameters, { expiresAt: 9_999_999_999 }))],
    ["no end", altered(({ challenge }) => Object.assign(challenge.parameters, { expiresAt: undefined }))],
    ["another page", altered(({ challenge }) => Object.assign(challenge.parameters, { data: { ...page, origin: "https://x.example" } }))],
    ["another nonce", altered(({ challenge }) => Object.assign(challenge.parameters, { nonce: "00".repeat(16) }))],
    ["no signature", altered(({ challenge }) => Object.assign(challenge, { signature: undefined }))],
    ["an empty signature", altered(({ challenge }) => Object.assign(challenge, { signature: "" }))],
  ])("%s", async ([, alter]) => {
    const one = work();
    const token = await solve(await one.createChallenge(page));
    expect(await one.check(await alter(token), { ...use, hostnames: [] }, patience())).toBe("refused");
    expect(await one.check(token, use, patience())).toBe("passed");
  });

  test("what another key or another captcha of ours has signed", async () => {
    const token = await solve(await work().createChallenge(page));
    expect(await work({ key: "other" }).check(token, use, patience())).toBe("refused");
    expect(await work({ name: "other" }).check(token, use, patience())).toBe("refused");
  });

  test("what has expired, by this clock and by the store's", async () => {
    const old = work({ now: () => Date.now() - 61_000 });
    expect(await old.check(await solve(await old.createChallenge(page)), use, patience())).toBe("refused");
    const ahead = work({ redemptions: createMemoryRedemptions({ now: Date.now() + 61_000 }) });
    expect(await ahead.check(await solve(await ahead.createChallenge(page)), use, patience())).toBe("refused");
  });
});

describe("an answer is good once", () => {
  test("however it is written the second time", async () => {
    const one = work();
    const token = await solve(await one.createChallenge(page));
    const { challenge, solution } = decode(token);
    expect(await one.check(token, use, patience())).toBe("passed");
    for (const again of [
      token,
      token.replace(/=+$/, ""),
      `${token} `,
      encode({ solution, challenge }),
      encode({ challenge, solution: { ...solution, time: 1 } }),
    ])
      expect(await one.check(again, use, patience())).toBe("refused");
  });

  /** How many of two replicas' twenty calls each, all at once, have their way with one answer. */
  async function race(stores: readonly [RedemptionStore, RedemptionStore]): Promise<number> {
    const replicas = stores.map((redemptions) => work({ redemptions }));
    const token = await solve(await work().createChallenge(page));
    const calls = Array.from({ length: 20 }, () => replicas.map((replica) => replica.check(token, use, patience()))).flat();
    return (await Promise.all(calls)).filter((verdict) => verdict === "passed").length;
  }

  test("on however many replicas at once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "countersign-captcha-"));
    const stores = [0, 1].map(() => openSqliteStore({ path: join(folder, "c.db") }));
    const [one, other] = await Promise.all(stores);
    onTestFinished(async () => {
      await Promise.all([one?.close(), other?.close()]);
      rmSync(folder, { recursive: true, force: true });
    });
    if (!one || !other) throw new Error("no store");
    for (let round = 0; round < 5; round++) expect(await race([one, other])).toBe(1);
  });

  test("and a store that looks before it writes is noticed", async () => {
    const firsts = new Map<string, { by: string; at: number }>();
    const broken: RedemptionStore = {
      async redeem(request) {
        const known = firsts.get(request.id);
        await new Promise((resolve) => setImmediate(resolve));
        const first = known ?? { by: request.by, at: Date.now() };
        firsts.set(request.id, first);
        return judgeRedemption(request, first);
      },
    };
    expect(await race([broken, broken])).toBeGreaterThan(1);
  });
});
