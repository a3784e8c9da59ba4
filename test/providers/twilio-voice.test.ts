import fc from "fast-check";
import sdk from "twilio";
import { expect, test } from "vitest";
import { languages } from "../../src/channels/languages.ts";
import { createVoiceRoute } from "../../src/channels/voice.ts";
import type { Wording } from "../../src/otp/ports.ts";
import { buildRequest } from "../../src/providers/twilio.ts";
import { twilioConfig } from "../../src/providers/twilio-config.ts";
import { application, noCarrier, wording } from "../channels/application.ts";

const config = twilioConfig.parse({ kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "test-token", from: "+15005550006" });

async function scriptOf(more: Partial<Wording>): Promise<string> {
  const message = createVoiceRoute(noCarrier).compose({ ...wording, ...more });
  const { body } = await buildRequest({ ...message, application: "shop", challengeId: "challenge-1", deliveryId: "d1" }, config, sdk);
  return new URLSearchParams(body).get("Twiml") ?? "";
}

test("whatever a value or a name is, the script is XML that speaks and does nothing else", async () => {
  const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 140 });
  await fc.assert(
    fc.asyncProperty(texts, texts, async (payee, displayName) => {
      const script = await scriptOf({ binding: { payee }, application: { ...application, displayName } });
      const tags = new Set([...script.matchAll(/<\/?([A-Za-z]+)/g)].map(([, tag]) => tag));
      expect(tags).toEqual(new Set(["Response", "Say", "Pause"]));
    }),
    { numRuns: 300 },
  );
});

test("the longest amount, payee and code stay within the 4000 characters Twilio takes", async () => {
  const value = "x".repeat(140);
  expect((await scriptOf({ code: "0123456789", binding: { amount: value, payee: value } })).length).toBeLessThan(4000);
});

test("every language that comes with the service has a voice, and the region that was asked for its own", async () => {
  for (const locale of Object.keys(languages))
    expect(await scriptOf({ locale })).toMatch(/<Say language="(.+)" voice="Google\.\1-Standard-A">/);
  expect(await scriptOf({ locale: "pt-BR" })).toContain('language="pt-BR"');
  expect(await scriptOf({ locale: "zh-TW" })).toContain('language="cmn-TW"');
  expect(await scriptOf({ locale: "de-CH" })).toContain('language="de-DE"');
  const greek = { channel: "voice", locale: "el-GR", before: "{app}", after: "{lifetime}", variables: {}, allowLinks: false } as const;
  expect(await scriptOf({ locale: "el", application: { ...application, templates: [greek], defaultLocale: "el-GR" } })).toContain(
    '<Say language="el-GR">',
  );
});
