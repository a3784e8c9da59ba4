import fc from "fast-check";
import sdk from "twilio";
import { expect, test } from "vitest";
import { createVoiceRoute } from "../../src/channels/voice.ts";
import type { Wording } from "../../src/otp/ports.ts";
import { buildRequest } from "../../src/providers/twilio.ts";
import { twilioConfig } from "../../src/providers/twilio-config.ts";
import { application, wording } from "../channels/application.ts";

const config = twilioConfig.parse({ kind: "twilio", accountSid: `AC${"0".repeat(32)}`, authToken: "test-token", from: "+15005550006" });

async function scriptOf(more: Partial<Wording>): Promise<string> {
  const message = createVoiceRoute([]).compose({ ...wording, ...more });
  const { body } = await buildRequest({ ...message, challengeId: "challenge-1", deliveryId: "d1" }, config, sdk);
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
