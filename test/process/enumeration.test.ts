import { randomBytes, randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Caller, callerOf, type Look, lookAt, origin, startVendors, tellApart, watch } from "./enumeration-kit.ts";
import { type Key, newKey, sampleConfig } from "./production-config.ts";
import { newSqlite, type Service, startService } from "./service.ts";

/** Beginnings of numbers that something is the matter with. */
const [blocked, swapped, refused] = ["+49151990", "+49151991", "+49151992"];
const samples = 60;
/** Rounds before those that count, in which the service sees how long sends take. */
const warming = 17;
const rounds = samples + warming;

const numberOf = (beginning = "+491511"): string =>
  beginning + String(randomInt(10 ** (14 - beginning.length))).padStart(14 - beginning.length, "0");
const numbers = (count: number, beginning?: string): string[] =>
  [...new Set(Array.from({ length: 2 * count }, () => numberOf(beginning)))].slice(0, count);

/** One for each round; `locked` and `limited` are what they are however often they are asked for. */
const recipients = {
  unknown: numbers(2 * rounds),
  known: numbers(2 * rounds),
  blocked: numbers(2 * rounds, blocked),
  swapped: numbers(2 * rounds, swapped),
  refused: numbers(2 * rounds, refused),
  sandbox: numbers(100, "+491512"),
  locked: [numberOf("+491513")],
  limited: [numberOf("+491514")],
};
type Kind = keyof typeof recipients;
const kinds = Object.keys(recipients) as Kind[];

let vendors: Awaited<ReturnType<typeof startVendors>>;
let service: Service;
let server: Key;
let page: Key;

beforeAll(async () => {
  [server, page] = [newKey(), newKey()];
  vendors = await startVendors({ refused, swapped });
  const config = sampleConfig({ twilio: { baseUrl: vendors.baseUrl } }, [server]);
  const [shop] = config.applications;
  const application = {
    ...shop,
    keys: [
      { id: "server", hash: server.hash },
      { id: "page", hash: page.hash, kind: "browser", origins: [origin] },
    ],
    channels: ["sms"],
    policy: { countries: ["DE"], block: [blocked] },
    lookup: { use: "numbers", simSwap: { action: "refuse" } },
    limits: { cooldownsSeconds: [0], failures: { perHour: 10 }, sends: { per10Minutes: 10 } },
    sandbox: recipients.sandbox.map((recipient) => ({ recipient, code: "246810", production: true })),
    sendLimits: [],
  };
  const secrets = [`whsec_${randomBytes(32).toString("base64")}`];
  const numbersOf = { kind: "webhook", url: `${vendors.baseUrl}/lookup`, secrets, allowPrivateHosts: ["127.0.0.1"] };
  service = await startService({
    config: { ...config, applications: [application], sendLimits: [], lookups: { numbers: numbersOf } },
    store: newSqlite().url,
  });
  await prepare();
});
afterAll(() => vendors?.stop());

/** By a service, so that what a browser sees would tell of another caller. */
async function prepare(): Promise<void> {
  const call = callerOf(service.http, server.key);
  const send = (phoneNumber = "") => call("SendCode", { recipient: { phoneNumber }, purpose: "login" });
  for (let at = 0; at < recipients.known.length; at += 16) await Promise.all(recipients.known.slice(at, at + 16).map(send));
  for (let challenge = 0; challenge < 2; challenge++) {
    const { challengeId } = await send(recipients.locked[0]);
    for (let guess = 0; guess < 5; guess++) await call("VerifyCode", { challengeId, code: "000000", purpose: "login" });
  }
  for (let message = 0; message < 10; message++) await send(recipients.limited[0]);
  const outcomes = await Promise.all([send(recipients.locked[0]), send(recipients.limited[0]), send(recipients.refused[0])]);
  expect(outcomes.map(({ body }) => /"reason":"([A-Z_]+)"/.exec(body)?.[1])).toEqual([
    "TOO_MANY_ATTEMPTS",
    "RATE_LIMITED",
    "DELIVERY_FAILED",
  ]);
}

type Gathering = { readonly of?: readonly Kind[]; readonly first: number; readonly count: number };

/** All kinds in turn, each time in another order and at the same moment. */
async function gather(call: Caller, { of = kinds, first, count }: Gathering): Promise<Partial<Record<Kind, readonly Look[]>>> {
  const looks = new Map(of.map((kind) => [kind, [] as Look[]]));
  for (let round = first; round < first + count; round++) {
    const order = of.toSorted(() => randomInt(3) - 1);
    await Promise.all(
      order.map(async (kind) => {
        const all = recipients[kind];
        looks.get(kind)?.push(await lookAt(call, all[round % all.length] ?? ""));
      }),
    );
  }
  return Object.fromEntries(looks);
}

test("a browser cannot tell recipients apart by what it sees, nor by when", async () => {
  const call = callerOf(service.http, page.key);
  await gather(call, { first: 0, count: warming });
  const looks = await gather(call, { first: warming, count: samples });
  expect(looks.unknown?.[0]?.SendCode).toMatchObject({ status: 200 });
  expect(looks.unknown?.[0]?.VerifyCode.body).toContain('"attempts_remaining":"4"');
  const found = tellApart(looks);
  // Chance finds something once in some hundred runs, and not twice.
  expect(found.length === 0 ? found : tellApart(await gather(call, { first: rounds, count: samples }))).toEqual([]);
}, 240_000);

test("nor by the end of the guesses, nor by watching", async () => {
  const call = callerOf(service.http, page.key);
  const seen = await Promise.all(
    kinds.map(async (kind) => {
      const phoneNumber = recipients[kind].at(-1) ?? "";
      const { challengeId } = await call("SendCode", { recipient: { phoneNumber }, purpose: "login" });
      const watched = await watch(service.http, page.key, challengeId);
      const answers: string[] = [];
      for (let guess = 0; guess < 7; guess++)
        answers.push((await call("VerifyCode", { challengeId, code: "000000", purpose: "login" })).body);
      const others: unknown[] = [];
      for (const method of ["ResendCode", "CancelChallenge", "GetChallenge"]) {
        const { status, body } = await call(method, { challengeId });
        others.push([status, body]);
      }
      return JSON.stringify([watched, answers, others]);
    }),
  );
  expect(seen[0]).toContain("CHALLENGE_STATE_PENDING");
  expect(seen[0]).toContain("TOO_MANY_ATTEMPTS");
  for (const [index, kind] of kinds.entries()) expect(seen[index], kind).toBe(seen[0]);
});

test("what a service sees differs, and is told apart", async () => {
  const found = tellApart(await gather(callerOf(service.http, server.key), { of: ["unknown", "blocked", "sandbox"], first: 0, count: 40 }));
  expect(found).toContainEqual(expect.stringMatching(/^SendCode of unknown and blocked: status/));
  expect(found).toContainEqual(expect.stringMatching(/^SendCode of unknown and blocked: times/));
  expect(found).toContainEqual(expect.stringMatching(/^SendCode of unknown and sandbox: body/));
  expect(found).toContainEqual(expect.stringMatching(/^SendCode of unknown and sandbox: times/));
});
