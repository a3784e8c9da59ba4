import fc from "fast-check";
import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { buildRequest, createVonage, readResponse } from "../../src/providers/vonage.ts";
import { type VonageConfig, vonageConfig } from "../../src/providers/vonage-config.ts";
import { callMessage, patience, smsMessage } from "./messages.ts";
import { startVendorServer } from "./vendor-server.ts";
import { whatsappMessage } from "./vendors.ts";
import { application, createVonageApi } from "./vonage-api.ts";

const from = "+15005550006";
const templates = [
  { locale: "en", name: "login_code", language: "en_US" },
  { locale: "de", name: "login_code", language: "de" },
];
const configOf = (more: object = {}): VonageConfig =>
  vonageConfig.parse({
    kind: "vonage",
    applicationId: application.id,
    privateKey: application.privateKey,
    from,
    whatsapp: { from, templates },
    ...more,
  });
const bodyOf = (message: Parameters<typeof buildRequest>[0], more: object = {}) =>
  JSON.parse(buildRequest(message, configOf(more), "token").body);

describe("a request", () => {
  test("of a text message has our delivery's id, and goes to the Messages API", () => {
    const { url, headers } = buildRequest(smsMessage, configOf(), "token");
    expect(url.href).toBe("https://api.nexmo.com/v1/messages");
    expect(headers).toMatchObject({ authorization: "Bearer token", "content-type": "application/json" });
    expect(bodyOf(smsMessage)).toEqual({
      channel: "sms",
      message_type: "text",
      from: "15005550006",
      to: "4915112345678",
      text: smsMessage.text,
      client_ref: "d1",
    });
  });

  test("has a name for a sender, and the ids of India's DLT", () => {
    const body = bodyOf(smsMessage, { from: "Example", entityId: "1101456324675322134", contentId: "1107457532145798767" });
    expect(body).toMatchObject({ from: "Example", sms: { entity_id: "1101456324675322134", content_id: "1107457532145798767" } });
  });

  test("of WhatsApp has the template of the language, with the code in its text and its button", () => {
    const parameters = [{ type: "text", text: "482913" }];
    expect(bodyOf({ ...whatsappMessage, locale: "de-AT" })).toEqual({
      channel: "whatsapp",
      message_type: "custom",
      from: "15005550006",
      to: "4915112345678",
      client_ref: "d1",
      custom: {
        type: "template",
        template: {
          name: "login_code",
          language: { policy: "deterministic", code: "de" },
          components: [
            { type: "body", parameters },
            { type: "button", sub_type: "url", index: 0, parameters },
          ],
        },
      },
    });
  });

  test("of a call says each character by itself, slowly, twice, in the language of the message", () => {
    const message = { ...callMessage, locale: "de" };
    expect(buildRequest(message, configOf(), "token").url.href).toBe("https://api.nexmo.com/v1/calls");
    const spelled = [..."482913"].map((digit) => `${digit}<break time='1s' />`).join("");
    expect(bodyOf(message)).toEqual({
      to: [{ type: "phone", number: "4915112345678" }],
      from: { type: "phone", number: "15005550006" },
      ncco: [
        {
          action: "talk",
          text: `<speak><p>Your Example &amp; Sons &lt;code&gt; is:</p><break time='1s' />${spelled}<p>Never share it.</p><break time='1s' /></speak>`,
          language: "de-DE",
          loop: 2,
        },
      ],
    });
  });

  test("of a call speaks and does nothing else, whatever a value or a name is", () => {
    const texts = fc.string({ unit: "binary", minLength: 1, maxLength: 140 });
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const [{ text }] = bodyOf({ ...callMessage, speech: { before, after, repeat: 2 } }).ncco;
        expect(new Set([...text.matchAll(/<\/?([^\s>]+)/g)].map(([, tag]) => tag))).toEqual(new Set(["speak", "p", "break"]));
      }),
      { numRuns: 300 },
    );
  });
});

describe("a token", () => {
  let server: Awaited<ReturnType<typeof startVendorServer>>;
  const open: ClosableProvider[] = [];
  const provide = async (clock: { now(): number }): Promise<ClosableProvider> => {
    const provider = await createVonage("vendor", configOf({ baseUrl: server.baseUrl }), clock);
    open.push(provider);
    return provider;
  };

  beforeAll(async () => {
    server = await startVendorServer(createVonageApi());
  });
  afterEach(async () => {
    for (const provider of open.splice(0)) await provider.close();
  });
  afterAll(() => server.stop());

  test("names the application, is dated by our clock, lasts five minutes, and is another one for each request", async () => {
    const now = Date.now();
    const provider = await provide({ now: () => now });
    for (let round = 0; round < 2; round += 1) expect(await provider.send(smsMessage, patience())).toMatchObject({ outcome: "accepted" });
    const tokens = server.requests.map(({ headers }) => decodeJwt(String(headers.authorization).replace("Bearer ", "")));
    const iat = Math.floor(now / 1000);
    for (const { jti, ...claims } of tokens) {
      expect(claims).toEqual({ application_id: application.id, iat, exp: iat + 300 });
      expect(jti).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect(new Set(tokens.map(({ jti }) => jti)).size).toBe(2);
  });

  test("of a clock an hour behind is refused by the vendor: expired", async () => {
    const provider = await provide({ now: () => Date.now() - 3_600_000 });
    expect(await provider.send(smsMessage, patience())).toEqual({
      outcome: "permanent",
      failure: "credentials_refused",
      vendorCode: "unauthorized",
    });
  });
});

test.each([
  [422, { type: "https://developer.vonage.com/api-errors/messages#1240" }, "recipient_opted_out", "1240"],
  [422, { type: "https://developer.vonage.com/api-errors/messages#1120" }, "sender_refused", "1120"],
  [422, { title: 1022 }, "content_refused", "1022"],
  [402, { type: "https://developer.vonage.com/api-errors#low-balance" }, "funds_exhausted", "low-balance"],
  [401, { type: "https://developer.vonage.com/api-errors/#unathorized" }, "credentials_refused", "unathorized"],
  [403, {}, "credentials_refused", "http_403"],
  [422, { type: "https://developer.vonage.com/api-errors/messages#9999" }, "provider_error", "9999"],
  [422, { type: { toString: 1 }, title: null }, "provider_error", "http_422"],
])("%i %j means %s", (status, body, failure, vendorCode) => {
  expect(readResponse({ status, body: JSON.stringify(body) })).toEqual({ outcome: "permanent", failure, vendorCode });
});
