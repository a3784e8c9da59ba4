import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createLookupCheck } from "../../src/abuse/lookup.ts";
import { cacheLookup } from "../../src/abuse/lookup-cache.ts";
import { describeNumber } from "../../src/channels/number-type.ts";
import { buildPolicy, policySettings } from "../../src/config/policy-settings.ts";
import type { NumberFacts, NumberLookup, NumberWants } from "../../src/otp/guard-ports.ts";
import type { LookupTerms } from "../../src/otp/number-policy.ts";
import { anAsk, patience } from "./policy-asks.ts";

const hour = 3_600_000;
const now = 1_800_000_000_000;
const terms: LookupTerms = {
  use: "l",
  channels: new Set(["sms", "voice"]),
  simSwap: { recentMs: 72 * hour, action: "refuse" },
  lineType: true,
  reachability: true,
  onFailure: "closed",
};
const policy = buildPolicy(policySettings.parse({ countries: ["DE"], allow: ["+4915199"] }), ["sms", "voice"]);

type Ask = NonNullable<Parameters<typeof anAsk>[0]>;

/** A check that is told these facts, whoever it asks about. */
function checkOf(facts: NumberFacts | "unavailable") {
  const asked: { number: string; wants: NumberWants }[] = [];
  const unavailable: object[] = [];
  const lookup: NumberLookup = {
    async lookup(number, wants) {
      asked.push({ number, wants });
      return facts;
    },
  };
  const check = createLookupCheck({
    random: randomBytes,
    lookupOf: () => lookup,
    describeNumber,
    now: () => now,
    onUnavailable: (event) => unavailable.push(event),
  });
  const admit = (ask: Ask = {}, more: Partial<LookupTerms> = {}) =>
    check.admit(anAsk({ of: { policy, lookup: { ...terms, ...more } }, ...ask }), patience());
  return { admit, check, asked, unavailable };
}

const refusedFor = (cause: string) => ({ outcome: "refused", refusal: { reason: "RECIPIENT_NOT_ALLOWED", metadata: { cause } } });
const admitted = { outcome: "admitted" };

describe("who is asked about", () => {
  test("every message of the channels that were chosen, for what was chosen", async () => {
    const { admit, asked } = checkOf({});
    await admit({ channel: "sms" });
    await admit({ channel: "voice", occasion: "resend" }, { simSwap: undefined, reachability: false });
    await admit({ channel: "whatsapp" });
    await admit({ channel: "email", to: "jane@example.com" });
    expect(asked).toEqual([
      { number: "+4915112345678", wants: { simSwap: true, lineType: true, reachability: true } },
      { number: "+4915112345678", wants: { simSwap: false, lineType: true, reachability: false } },
    ]);
  });

  test("nobody, by an application that has no lookup", async () => {
    const { check, asked } = checkOf({});
    expect(await check.admit(anAsk({ of: { policy } }), patience())).toEqual(admitted);
    expect(asked).toEqual([]);
  });
});

describe("a SIM", () => {
  test.for<[what: string, ago: number | undefined, expected: object]>([
    ["that was never changed", undefined, admitted],
    ["of this moment", 0, refusedFor("sim_swap")],
    ["of an hour from now, by another clock", -hour, refusedFor("sim_swap")],
    ["that is almost old enough", 72 * hour - 1, refusedFor("sim_swap")],
    ["that is old enough", 72 * hour, admitted],
    ["of long ago", 10_000 * hour, admitted],
  ])("%s", async ([, ago, expected]) => {
    const { admit } = checkOf(ago === undefined ? {} : { simSwappedAt: now - ago });
    expect(await admit()).toMatchObject(expected);
  });

  const swapped = { simSwappedAt: now - hour };

  test("that is new is told, where that is all that is wanted", async () => {
    const simSwap = { recentMs: 72 * hour, action: "tell" } as const;
    expect(await checkOf(swapped).admit({}, { simSwap })).toEqual({ outcome: "admitted", simSwappedAt: now - hour });
    expect(await checkOf({ simSwappedAt: now - 73 * hour }).admit({}, { simSwap })).toEqual(admitted);
  });

  test("that is new sends to another channel, where that is wanted", async () => {
    const simSwap = { recentMs: 72 * hour, action: "other_channel" } as const;
    expect(await checkOf(swapped).admit({}, { simSwap })).toMatchObject({ ...refusedFor("sim_swap"), elsewhere: true });
    expect(await checkOf(swapped).admit({ kind: "browser" }, { simSwap })).toEqual({ outcome: "suppressed", why: "sim_swap" });
  });

  test("does not matter to whom it does not", async () => {
    expect(await checkOf(swapped).admit({}, { simSwap: undefined })).toEqual(admitted);
  });
});

describe("the carrier's type of a number", () => {
  test("is held to the policy of the channel", async () => {
    const landline = checkOf({ lineType: "fixed_line" });
    expect(await landline.admit({ channel: "sms" })).toMatchObject(refusedFor("number_type"));
    expect(await landline.admit({ channel: "voice" })).toEqual(admitted);
    expect(await checkOf({ lineType: "voip" }).admit({ channel: "voice" })).toMatchObject(refusedFor("number_type"));
    expect(await checkOf({ lineType: "mobile" }).admit()).toEqual(admitted);
  });

  test("does not matter for a number that is allowed by name, nor where nobody asked", async () => {
    expect(await checkOf({ lineType: "voip" }).admit({ to: "+4915199999999" })).toEqual(admitted);
    expect(await checkOf({ lineType: "voip" }).admit({}, { lineType: false })).toEqual(admitted);
  });
});

test("a number that nobody has is sent nothing, unless nobody asked", async () => {
  expect(await checkOf({ reachable: false }).admit()).toMatchObject(refusedFor("unreachable"));
  expect(await checkOf({ reachable: true }).admit()).toEqual(admitted);
  expect(await checkOf({ reachable: false }).admit({}, { reachability: false })).toEqual(admitted);
});

test("a browser cannot tell, whatever the cause", async () => {
  for (const [facts, why] of [
    [{ simSwappedAt: now }, "sim_swap"],
    [{ reachable: false }, "unreachable"],
    [{ lineType: "fixed_line" }, "number_type"],
    ["unavailable", "lookup_unavailable"],
  ] as const)
    expect(await checkOf(facts).admit({ kind: "browser" })).toEqual({ outcome: "suppressed", why });
});

describe("while nobody can say", () => {
  test("closed: nothing is sent, and that is no fault of the number", async () => {
    const { admit, unavailable } = checkOf("unavailable");
    expect(await admit()).toMatchObject({ outcome: "refused", refusal: { reason: "DELIVERY_FAILED" } });
    expect(unavailable).toEqual([{ application: "shop", name: "l", outcome: "closed" }]);
  });

  test("open: as if nothing had been asked", async () => {
    const { admit, unavailable } = checkOf("unavailable");
    expect(await admit({}, { onFailure: "open" })).toEqual(admitted);
    expect(unavailable).toEqual([{ application: "shop", name: "l", outcome: "open" }]);
  });

  test("whoever went away is not let in by that", async () => {
    const { check, unavailable } = checkOf("unavailable");
    const ask = anAsk({ of: { policy, lookup: { ...terms, onFailure: "open" } } });
    await expect(check.admit(ask, AbortSignal.abort())).rejects.toThrow("aborted");
    expect(unavailable).toEqual([]);
  });
});

describe("what was said", () => {
  const wants = { simSwap: true, lineType: true, reachability: false };

  /** A lookup behind a memory; its clock and its answers are the test's. */
  function cached({
    ttlMs = 1000,
    maxEntries = 3,
    answer = async (): Promise<NumberFacts | "unavailable"> => ({ lineType: "mobile" }),
  } = {}) {
    const clock = { now };
    const asked: string[] = [];
    const inner: NumberLookup = {
      lookup(number) {
        asked.push(number);
        return answer();
      },
    };
    const { lookup } = cacheLookup(inner, { ttlMs, maxEntries, now: () => clock.now });
    return { clock, asked, ask: (number: string, more = {}, signal = patience()) => lookup(number, { ...wants, ...more }, signal) };
  }

  test("is remembered for its time, and no longer", async () => {
    const { clock, asked, ask } = cached();
    await ask("+1");
    clock.now += 999;
    expect(await ask("+1")).toEqual({ lineType: "mobile" });
    expect(asked).toEqual(["+1"]);
    clock.now += 1;
    await ask("+1");
    expect(asked).toEqual(["+1", "+1"]);
  });

  test("is not remembered at all, where that is wanted", async () => {
    const { asked, ask } = cached({ ttlMs: 0 });
    await ask("+1");
    await ask("+1");
    expect(asked).toHaveLength(2);
  });

  test("answers nothing that was not asked", async () => {
    const { asked, ask } = cached();
    await ask("+1", { simSwap: false });
    await ask("+1");
    expect(asked).toHaveLength(2);
  });

  test("is remembered of so many numbers only, the oldest forgotten first", async () => {
    const { asked, ask } = cached();
    for (const number of ["+1", "+2", "+3", "+4"]) await ask(number);
    asked.length = 0;
    for (const number of ["+2", "+3", "+4"]) await ask(number);
    expect(asked).toEqual([]);
    await ask("+1");
    expect(asked).toEqual(["+1"]);
  });

  test("is not remembered when nothing was said", async () => {
    const { asked, ask } = cached({ answer: async () => "unavailable" });
    expect(await ask("+1")).toBe("unavailable");
    await ask("+1");
    expect(asked).toHaveLength(2);
  });

  test("is asked for once by however many wait for it, and whoever leaves takes it from nobody", async () => {
    const said = Promise.withResolvers<NumberFacts>();
    const { asked, ask } = cached({ answer: () => said.promise });
    const leaving = new AbortController();
    const first = ask("+1", {}, leaving.signal);
    const others = [ask("+1"), ask("+1")];
    leaving.abort();
    expect(await first).toBe("unavailable");
    said.resolve({ reachable: true });
    expect(await Promise.all(others)).toEqual([{ reachable: true }, { reachable: true }]);
    expect(asked).toEqual(["+1"]);
  });

  test("a fault is everybody's, and over", async () => {
    let broken = true;
    const answer = async (): Promise<NumberFacts> => {
      if (broken) throw new Error("a fault");
      return {};
    };
    const { ask } = cached({ answer });
    await expect(ask("+1")).rejects.toThrow("a fault");
    broken = false;
    expect(await ask("+1")).toEqual({});
  });
});
