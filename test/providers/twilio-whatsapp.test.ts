import sdk from "twilio";
import { expect, test } from "vitest";
import { buildRequest } from "../../src/providers/twilio.ts";
import { twilioConfig } from "../../src/providers/twilio-config.ts";
import { whatsappMessage } from "./vendors.ts";

const sids = { en: `HX${"e".repeat(32)}`, de: `HX${"d".repeat(32)}`, "pt-BR": `HX${"b".repeat(32)}` };
const config = twilioConfig.parse({
  kind: "twilio",
  accountSid: `AC${"0".repeat(32)}`,
  authToken: "test-token",
  whatsapp: { from: "+15005550006", templates: Object.entries(sids).map(([locale, contentSid]) => ({ locale, contentSid })) },
});

async function fieldsOf(locale: string): Promise<object> {
  const { body } = await buildRequest({ ...whatsappMessage, locale }, config, sdk);
  return Object.fromEntries(new URLSearchParams(body));
}

test("a template with the code in it, and no text of our own", async () => {
  expect(await fieldsOf("en")).toEqual({
    From: "whatsapp:+15005550006",
    To: "whatsapp:+4915112345678",
    ContentSid: sids.en,
    ContentVariables: '{"1":"482913"}',
  });
});

test.each([
  ["de", sids.de],
  ["de-CH", sids.de],
  ["DE", sids.de],
  ["pt-br", sids["pt-BR"]],
  ["pt", sids.en],
  ["constructor", sids.en],
  ["", sids.en],
])("the language %j is served by the nearest template, or the first one", async (locale, contentSid) => {
  expect(await fieldsOf(locale)).toMatchObject({ ContentSid: contentSid });
});
