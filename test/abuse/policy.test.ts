import { describe, expect, test } from "vitest";
import { createPolicyCheck } from "../../src/abuse/policy.ts";
import { describeNumber } from "../../src/channels/number-type.ts";
import { buildPolicy, policySettings } from "../../src/config/policy-settings.ts";
import type { PhoneChannel } from "../../src/otp/number-policy.ts";
import { anAsk, patience } from "./policy-asks.ts";

const check = createPolicyCheck(describeNumber);
const worldwide = { countries: "*", voice: { countries: "*" } };
const policyOf = (settings: object) => buildPolicy(policySettings.parse(settings), ["sms", "voice", "whatsapp"]);

/** What a service is told of a message to a number: nothing, or the cause. */
async function verdict(to: string, { channel = "sms" as PhoneChannel, settings = worldwide as object } = {}): Promise<string> {
  const admission = await check.admit(anAsk({ to, channel, of: { policy: policyOf(settings) } }), patience());
  return admission.outcome === "refused" ? (admission.refusal.metadata?.cause ?? "") : admission.outcome;
}

describe("by default, anywhere in the world", () => {
  test.for<[what: string, number: string, sms: string, voice: string, whatsapp: string]>([
    ["a mobile phone", "+4915112345678", "admitted", "admitted", "admitted"],
    ["a number of either kind", "+14155552671", "admitted", "admitted", "admitted"],
    ["a fixed line", "+493012345678", "number_type", "admitted", "admitted"],
    ["premium rate", "+19005551234", "number_type", "number_type", "number_type"],
    ["premium rate by another name", "+33899123456", "number_type", "number_type", "number_type"],
    ["shared cost", "+4918012345678", "number_type", "number_type", "number_type"],
    ["a pager", "+447640123456", "number_type", "number_type", "number_type"],
    ["a company's number", "+445512345678", "number_type", "number_type", "number_type"],
    ["VoIP", "+33912345678", "number_type", "number_type", "number_type"],
    ["a personal number", "+447012345678", "number_type", "number_type", "number_type"],
    ["toll free", "+18005551234", "number_type", "number_type", "number_type"],
    ["an unallocated number", "+3312345", "number_type", "number_type", "number_type"],
    ["Inmarsat", "+870773111632", "country", "country", "country"],
    ["satellite", "+881612345678", "country", "country", "country"],
    ["an international network", "+88216123456", "country", "country", "country"],
    ["another international network", "+883510012345", "country", "country", "country"],
    ["universal personal numbers", "+87812345678910", "country", "country", "country"],
    ["international premium rate", "+97912345678", "country", "country", "country"],
    ["international freephone", "+80012345678", "country", "country", "country"],
    ["international shared cost", "+80812345678", "country", "country", "country"],
    ["a code of nobody", "+21012345678", "country", "country", "country"],
    ["a spare code", "+99912345678", "country", "country", "country"],
  ])("%s", async ([, number, ...expected]) => {
    const verdicts = await Promise.all((["sms", "voice", "whatsapp"] as const).map((channel) => verdict(number, { channel })));
    expect(verdicts).toEqual(expected);
  });
});

describe("countries", () => {
  const settings = { countries: ["DE", "US"], voice: { countries: ["DE"] } };

  test("that are listed are sent to, and no others", async () => {
    expect(await verdict("+4915112345678", { settings })).toBe("admitted");
    expect(await verdict("+436641234567", { settings })).toBe("country");
  });

  test("are those of the number, not of its dial code", async () => {
    expect(await verdict("+14155552671", { settings })).toBe("admitted");
    expect(await verdict("+18765551234", { settings })).toBe("country");
  });

  test("of a channel stand instead of those of all", async () => {
    expect(await verdict("+14155552671", { settings, channel: "voice" })).toBe("country");
    expect(await verdict("+4915112345678", { settings, channel: "voice" })).toBe("admitted");
  });

  test("all of them are not called until it is said of calls too", async () => {
    expect(await verdict("+4915112345678", { settings: { countries: "*" } })).toBe("admitted");
    expect(await verdict("+4915112345678", { settings: { countries: "*" }, channel: "voice" })).toBe("country");
    expect(await verdict("+4915112345678", { settings: { countries: ["DE"] }, channel: "voice" })).toBe("admitted");
  });

  test("are none without a policy", async () => {
    expect(await check.admit(anAsk(), patience())).toMatchObject({ outcome: "refused", refusal: { metadata: { cause: "country" } } });
  });
});

describe("lists", () => {
  const settings = { countries: ["DE"], allow: ["+881612", "+4915112345678"], block: ["+49151", "+4930123456", "+436"] };

  test.for<[what: string, number: string, expected: string]>([
    ["a blocked beginning", "+4915199999999", "blocked"],
    ["a blocked number", "+4930123456", "blocked"],
    ["more than a blocked number", "+49301234567", "blocked"],
    ["a blocked country, which is not sent to anyhow", "+436641234567", "blocked"],
    ["an allowed number within a blocked beginning", "+4915112345678", "admitted"],
    ["an allowed beginning outside of every country", "+881612345678", "admitted"],
    ["what is next to an allowed beginning", "+881712345678", "country"],
  ])("%s", async ([, number, expected]) => {
    expect(await verdict(number, { settings })).toBe(expected);
  });

  test.for<[what: string, listed: string, written: string]>([
    ["Argentina", "+5491123456789", "+541123456789"],
    ["Argentina, the other way", "+541123456789", "+5491123456789"],
    ["Brazil, without it", "+5551971234567", "+555171234567"],
    ["Brazil, with the digit that was added", "+555171234567", "+5551971234567"],
    ["Gabon", "+24107123456", "+2417123456"],
    ["San Marino", "+3780549123456", "+390549123456"],
  ])("%s: whatever the spelling", async ([, listed, written]) => {
    expect(await verdict(written, { settings: { ...worldwide, block: [listed] } })).toBe("blocked");
  });

  test("may have ten thousand entries", async () => {
    const block = Array.from({ length: 10_000 }, (_, index) => `+1415${String(index).padStart(7, "0")}`);
    const policy = policyOf({ ...worldwide, block });
    expect(await check.admit(anAsk({ of: { policy } }), patience())).toEqual({ outcome: "admitted" });
    expect(await check.admit(anAsk({ to: "+14150009999", of: { policy } }), patience())).toMatchObject({ outcome: "refused" });
  });
});

test("types are the application's to choose, by channel", async () => {
  const settings = { ...worldwide, sms: { numberTypes: ["voip"] } };
  expect(await verdict("+33912345678", { settings })).toBe("admitted");
  expect(await verdict("+4915112345678", { settings })).toBe("number_type");
  expect(await verdict("+33912345678", { settings, channel: "voice" })).toBe("number_type");
});

test("a service is told why, in words and in a word", async () => {
  expect(await check.admit(anAsk({ of: { policy: policyOf({ countries: ["AT"] }) } }), patience())).toEqual({
    outcome: "refused",
    refusal: {
      reason: "RECIPIENT_NOT_ALLOWED",
      message: "the application sends nothing to this country by this channel",
      metadata: { cause: "country" },
    },
  });
});

test("a browser cannot tell, whatever the cause", async () => {
  const policy = policyOf({ countries: ["DE"], block: ["+4915199"] });
  for (const [to, why] of [
    ["+436641234567", "country"],
    ["+493012345678", "number_type"],
    ["+4915199999999", "blocked"],
  ] as const)
    expect(await check.admit(anAsk({ to, kind: "browser", of: { policy } }), patience())).toEqual({ outcome: "suppressed", why });
});

test("an address and a subject have no country", async () => {
  const policy = policyOf({ countries: ["AT"], block: ["+4"] });
  expect(await check.admit(anAsk({ to: "jane@example.com", channel: "email", of: { policy } }), patience())).toEqual({
    outcome: "admitted",
  });
});

test("each application has its own", async () => {
  const [at, de] = [["AT"], ["DE"]].map((countries) => policyOf({ countries }));
  expect(await check.admit(anAsk({ of: { policy: at } }), patience())).toMatchObject({ outcome: "refused" });
  expect(await check.admit(anAsk({ of: { policy: de } }), patience())).toEqual({ outcome: "admitted" });
});
