import { describe, expect, test } from "vitest";
import { buildRequest, readResponse } from "../../src/providers/bird.ts";
import { birdConfig } from "../../src/providers/bird-config.ts";
import { callMessage, smsMessage } from "./messages.ts";

const config = birdConfig.parse({ kind: "bird", accessKey: "test-access-key", from: "+15005550006" });
const request = (message: Parameters<typeof buildRequest>[0], more: object = {}) => {
  const { url, headers, body } = buildRequest(message, { ...config, ...more });
  return { url: url.href, headers, body: JSON.parse(body) };
};

describe("a request", () => {
  test("of a text message has our delivery's id", () => {
    expect(request(smsMessage)).toEqual({
      url: "https://rest.messagebird.com/messages",
      headers: { authorization: "AccessKey test-access-key", "content-type": "application/json", accept: "application/json" },
      body: {
        originator: "15005550006",
        recipients: ["4915112345678"],
        body: smsMessage.text,
        reference: "d1",
        datacoding: "auto",
      },
    });
    expect(request(smsMessage, { from: "Example" }).body).toMatchObject({ originator: "Example" });
  });

  test("of a call says each character by itself, slowly, twice, in the language of the message", () => {
    const { url, body } = request({ ...callMessage, locale: "de-AT" });
    expect(url).toBe("https://voice.messagebird.com/calls");
    expect(body).toMatchObject({ source: "15005550006", destination: "4915112345678", callFlow: { title: "d1" } });
    const say = (payload: string) => ({ action: "say", options: { payload, language: "de-DE", voice: "female" } });
    const pause = { action: "pause", options: { length: 1 } };
    const round = [
      say("Your Example & Sons <code> is:"),
      ...[..."482913"].flatMap((digit) => [say(digit), pause]),
      say("Never share it."),
      pause,
    ];
    expect(body.callFlow.steps).toEqual([...round, ...round]);
  });
});

const errors = (...list: object[]) => ({ errors: list });

test.each([
  [401, errors({ code: 2, parameter: "access_key" }, { code: 9, parameter: "recipients" }), "credentials_refused", "2"],
  [422, errors({ code: 9, parameter: "recipients" }), "recipient_refused", "9"],
  [422, errors({ code: 10, parameter: "originator" }), "sender_refused", "10"],
  [422, errors({ code: 9, parameter: "body" }), "content_refused", "9"],
  [422, errors({ code: 10, parameter: "datacoding" }), "provider_error", "10"],
  [422, errors({ code: 25 }), "funds_exhausted", "25"],
  [402, {}, "funds_exhausted", "http_402"],
  [403, { data: null, errors: [{ message: "forbidden" }] }, "credentials_refused", "http_403"],
  [422, errors({ code: 12345 }), "provider_error", "12345"],
  [422, { errors: "no" }, "provider_error", "http_422"],
  [422, errors({ code: { toString: 1 }, parameter: "__proto__" }), "provider_error", "http_422"],
])("%i %j means %s", (status, body, failure, vendorCode) => {
  expect(readResponse({ status, body: JSON.stringify(body) })).toEqual({ outcome: "permanent", failure, vendorCode });
});
