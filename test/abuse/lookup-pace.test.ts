import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLookupCheck } from "../../src/abuse/lookup.ts";
import { cacheLookup } from "../../src/abuse/lookup-cache.ts";
import { buildLookupTerms, lookupUse } from "../../src/config/lookup-settings.ts";
import { application } from "../otp/fixture.ts";
import { anAsk } from "./asks.ts";

/** A vendor that takes its time, behind a memory. */
function slowCheck(tookMs: number) {
  const vendor = {
    async lookup() {
      await sleep(tookMs);
      return { simSwappedAt: undefined };
    },
  };
  const lookup = cacheLookup(vendor, { ttlMs: 60_000, maxEntries: 10, now: () => performance.now() });
  const check = createLookupCheck({
    random: randomBytes,
    lookupOf: () => lookup,
    describeNumber: () => ({ spellings: [], country: "DE", type: "mobile" }) as never,
    now: () => 0,
    onUnavailable: () => {},
  });
  const terms = buildLookupTerms(lookupUse.parse({ use: "numbers", simSwap: {} }));
  return async (kind: "service" | "browser", to: string): Promise<number> => {
    const ask = anAsk({ to });
    const caller = { ...ask.caller, kind, application: { ...application, lookup: terms } };
    const startedAt = performance.now();
    expect(await check.admit({ ...ask, caller }, new AbortController().signal)).toMatchObject({ outcome: "admitted" });
    return performance.now() - startedAt;
  };
}

test("a page cannot tell by the clock that a number was asked about before; a service need not wait", async () => {
  const took = slowCheck(60);
  expect(await took("service", "+4915112345678")).toBeGreaterThan(50);
  expect(await took("service", "+4915112345678")).toBeLessThan(40);
  expect(await took("browser", "+4915112345678")).toBeGreaterThan(50);
  expect(await took("browser", "+4915112345679")).toBeGreaterThan(50);
});
