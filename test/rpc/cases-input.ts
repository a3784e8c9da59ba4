import type { JsonObject } from "@bufbuild/protobuf";
import type { Case } from "./cases.ts";
import type { Method, Sent } from "./wire-clients.ts";

const phone = { phoneNumber: "+4915112345678" };
const send = (more: JsonObject = {}): Sent => ({ method: "SendCode", request: { recipient: phone, ...more } });
const verify = (more: JsonObject = {}): Sent => ({
  method: "VerifyCode",
  request: { challengeId: "a".repeat(36), code: "123456", ...more },
});
const resend = (more: JsonObject = {}): Sent => ({ method: "ResendCode", request: { challengeId: "a".repeat(36), ...more } });
const raw = (method: Method, json: string): Sent => ({ method, json });

const bad = (name: string, sent: Sent, ...fields: string[]): Case => ({ name, send: sent, expect: { code: "INVALID_ARGUMENT", fields } });
const badJson = (name: string, sent: Sent, ...fields: string[]): Case => ({ ...bad(name, sent, ...fields), encoding: "json" });
const badBinary = (name: string, method: Method, bytes: number[], ...fields: string[]): Case => ({
  ...bad(name, { method, binary: Uint8Array.from(bytes) }, ...fields),
  encoding: "binary",
});

const nul = "a\u0000b";
const bell = "a\u0007b";
const tag = (field: number): number => (field << 3) | 2;
const entries = (count: number): JsonObject => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, "x"]));

const values: readonly Case[] = [
  bad("no recipient", { method: "SendCode", request: {} }, "recipient"),
  bad("a recipient of no kind", { method: "SendCode", request: { recipient: {} } }, "recipient"),
  ...["", "12", nul, bell, "5".repeat(65), "+49151 call me", "\u0664\u0669"].map((phoneNumber) =>
    bad(`phone_number ${JSON.stringify(phoneNumber.slice(0, 20))}`, send({ recipient: { phoneNumber } }), "recipient.phone_number"),
  ),
  ...["", "nobody", nul, `${"a".repeat(250)}@example.com`, "Ann <ann@example.com>", "a@b@example.com"].map((emailAddress) =>
    bad(`email_address ${JSON.stringify(emailAddress.slice(0, 20))}`, send({ recipient: { emailAddress } }), "recipient.email_address"),
  ),
  ...["Log in", "x".repeat(65), nul].map((purpose) => bad(`purpose ${JSON.stringify(purpose.slice(0, 20))}`, send({ purpose }), "purpose")),
  bad("an unknown channel number", send({ channels: ["CHANNEL_SMS", 99] }), "channels[1]"),
  bad("a channel that is not specified", send({ channels: [0] }), "channels[0]"),
  bad("a channel twice", send({ channels: ["CHANNEL_SMS", "CHANNEL_SMS"] }), "channels"),
  bad("a channel that does not reach the recipient", send({ channels: ["CHANNEL_EMAIL"] }), "channels[0]"),
  bad("a binding of nine", send({ binding: entries(9) }), "binding"),
  bad("a binding without a value", send({ binding: { amount: "" } }), 'binding["amount"]'),
  bad("a binding that is too long", send({ binding: { amount: "x".repeat(141) } }), 'binding["amount"]'),
  bad("a binding with NUL", send({ binding: { amount: nul } }), 'binding["amount"]'),
  bad("a binding with a bad key", send({ binding: { "a b": "x" } }), "binding"),
  bad("template variables too many", send({ templateVariables: entries(17) }), "template_variables"),
  bad("a template variable with NUL", send({ templateVariables: { name: nul } }), 'template_variables["name"]'),
  ...["not a language", "x".repeat(36), nul].map((locale) =>
    bad(`locale ${JSON.stringify(locale.slice(0, 20))}`, send({ locale }), "locale"),
  ),
  bad("an unlisted app hash", send({ autofill: { androidAppHash: "FA+9qCX9VSu" } }), "autofill.android_app_hash"),
  bad("an unlisted web origin", send({ autofill: { webOrigin: "evil.example" } }), "autofill.web_origin"),
  ...["1.2.3", "nowhere", nul].map((ipAddress) =>
    bad(`ip_address ${JSON.stringify(ipAddress)}`, send({ client: { ipAddress } }), "client.ip_address"),
  ),
  bad("a device id that is too long", send({ client: { deviceId: "x".repeat(129) } }), "client.device_id"),
  bad("a user agent with NUL", send({ client: { userAgent: nul } }), "client.user_agent"),
  ...["two words", "x".repeat(129), nul, "\u00e9"].map((idempotencyKey) =>
    bad(`idempotency_key ${JSON.stringify(idempotencyKey.slice(0, 20))}`, send({ idempotencyKey }), "idempotency_key"),
  ),
  ...[nul, "x".repeat(129), "a\u2028b"].map((subject) =>
    bad(`subject ${JSON.stringify(subject.slice(0, 20))}`, send({ subject }), "subject"),
  ),
  bad("a captcha token that is too long", send({ captchaToken: "x".repeat(4097) }), "captcha_token"),
  bad("two fields at once", send({ purpose: "NO", locale: "not a language" }), "locale", "purpose"),
  ...["", "short!", nul, "x".repeat(200)].flatMap((challengeId) =>
    (["ResendCode", "VerifyCode", "CancelChallenge", "GetChallenge"] as const).map((method) =>
      bad(
        `${method}: challenge_id ${JSON.stringify(challengeId.slice(0, 20))}`,
        { method, request: { challengeId, ...(method === "VerifyCode" && { code: "123456" }) } },
        "challenge_id",
      ),
    ),
  ),
  ...["", "12", "12345678901", "x".repeat(65), "\u0661\u0662\u0663\u0664"].map((code) =>
    bad(`code ${JSON.stringify(code.slice(0, 20))}`, verify({ code }), "code"),
  ),
  bad("VerifyCode: a purpose with NUL", verify({ purpose: nul }), "purpose"),
  bad("VerifyCode: a binding without a value", verify({ binding: { payee: "" } }), 'binding["payee"]'),
  bad("VerifyCode: a request id with a space", verify({ requestId: "a b" }), "request_id"),
  bad("ResendCode: an unknown channel number", resend({ channel: 77 }), "channel"),
  bad("ResendCode: an idempotency key with NUL", resend({ idempotencyKey: nul }), "idempotency_key"),
];

const json: readonly Case[] = [
  badJson("no JSON", raw("SendCode", "{"), "body"),
  badJson("an empty body", raw("SendCode", ""), "body"),
  badJson("JSON that is no object", raw("SendCode", "[]"), "body"),
  badJson("JSON that is not UTF-8", { method: "SendCode", json: Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d) }, "body"),
  badJson("a number for a string", raw("SendCode", '{"purpose":5}'), "purpose"),
  badJson("an object for a string", raw("VerifyCode", '{"code":{"$gt":""}}'), "code"),
  badJson("an array for a string", raw("VerifyCode", '{"challengeId":["a"]}'), "challenge_id"),
  badJson("a boolean for a string", raw("ResendCode", '{"idempotencyKey":true}'), "idempotency_key"),
  badJson("a string for a message", raw("SendCode", '{"recipient":"+4915112345678"}'), "recipient"),
  badJson("an array for a message", raw("SendCode", '{"client":[]}'), "client"),
  badJson("a number deep inside", raw("SendCode", '{"recipient":{"phoneNumber":49}}'), "recipient.phone_number"),
  badJson("a string for a list", raw("SendCode", '{"channels":"CHANNEL_SMS"}'), "channels"),
  badJson("an unknown channel name", raw("SendCode", '{"channels":["CHANNEL_SMS","CHANNEL_PIGEON"]}'), "channels[1]"),
  badJson("null in a list", raw("SendCode", '{"channels":[null]}'), "channels[0]"),
  badJson("a fraction for a channel", raw("ResendCode", '{"channel":1.5}'), "channel"),
  badJson("an array for a map", raw("SendCode", '{"binding":["x"]}'), "binding"),
  badJson("a number in a map", raw("VerifyCode", '{"binding":{"amount":5}}'), 'binding["amount"]'),
  badJson("a lone surrogate", raw("SendCode", '{"purpose":"\\ud800"}'), "purpose"),
  badJson("a lone surrogate in a map", raw("SendCode", '{"binding":{"amount":"\\udc00"}}'), 'binding["amount"]'),
  badJson("a lone surrogate in a key", raw("SendCode", '{"binding":{"\\ud800":"x"}}'), "binding"),
  badJson("a key that an object would lose", raw("VerifyCode", '{"binding":{"__proto__":"x"}}'), "binding"),
  badJson("two kinds of recipient", raw("SendCode", '{"recipient":{"phoneNumber":"+4915112345678","subject":"x"}}'), "recipient"),
  badJson("three wrong fields", raw("SendCode", '{"purpose":1,"locale":2,"channels":3}'), "channels", "locale", "purpose"),
];

const binary: readonly Case[] = [
  badBinary("a string that is not UTF-8", "SendCode", [tag(3), 2, 0xff, 0xfe], "purpose"),
  badBinary("a lone surrogate", "VerifyCode", [tag(2), 3, 0xed, 0xa0, 0x80], "code"),
  badBinary("a string deep inside that is not UTF-8", "SendCode", [tag(1), 3, tag(1), 1, 0xff], "recipient.phone_number"),
  badBinary("a map value that is not UTF-8", "SendCode", [tag(4), 6, tag(1), 1, 0x61, tag(2), 1, 0xff], "binding"),
  badBinary(
    "a key that an object would lose",
    "VerifyCode",
    [tag(4), 14, tag(1), 9, ...Buffer.from("__proto__"), tag(2), 1, 0x78],
    "binding",
  ),
  badBinary("a field that is cut off", "SendCode", [tag(3), 9, 0x61], "purpose"),
  badBinary("a message that is cut off", "SendCode", [tag(1), 9, tag(1), 7, 0x2b], "recipient"),
  badBinary("a wire type that does not exist", "SendCode", [0x0f], "body"),
  badBinary("field number 0", "SendCode", [0x02, 1, 0x61], "body"),
  badBinary(
    "groups without an end",
    "SendCode",
    Array(15_000)
      .fill(0xfb)
      .flatMap(() => [0xfb, 0x07])
      .slice(0, 15_000),
    "body",
  ),
];

const calls: readonly Case[] = [
  {
    name: "17 KiB",
    send: send({ captchaToken: "x".repeat(17_408) }),
    expect: { code: "RESOURCE_EXHAUSTED", reason: "MESSAGE_TOO_LARGE" },
  },
  {
    name: "300 KiB",
    send: send({ captchaToken: "x".repeat(307_200) }),
    expect: { code: "RESOURCE_EXHAUSTED", reason: "MESSAGE_TOO_LARGE" },
  },
  ...(
    [
      ["a negative deadline", "-5S", "-5000"],
      ["a deadline without a unit", "5", "5s"],
      ["a deadline of words", "soon", "soon"],
      ["a deadline of too many digits", "123456789S", "12345678901"],
    ] as const
  ).map(
    ([name, grpc, connect]): Case => ({
      name,
      send: { ...verify(), timeout: { grpc, connect } },
      // The header is the wire's own, and so is its name; which one is checked in `wires.test.ts`.
      expect: { code: "INVALID_ARGUMENT", fields: ["timeout"] },
    }),
  ),
  {
    name: "a deadline of eleven thousand years is lowered",
    send: { method: "GetChallenge", request: { challengeId: "a".repeat(36) }, timeout: { grpc: "99999999H", connect: "9999999999" } },
    expect: { code: "NOT_FOUND", reason: "CHALLENGE_NOT_FOUND" },
  },
  {
    name: "watching a challenge that is not there",
    send: { method: "WatchChallenge", request: { challengeId: "a".repeat(36) } },
    expect: { code: "NOT_FOUND", reason: "CHALLENGE_NOT_FOUND" },
  },
  {
    name: "watching what no challenge is called",
    send: { method: "WatchChallenge", request: { challengeId: "a b" } },
    expect: { code: "INVALID_ARGUMENT", fields: ["challenge_id"] },
  },
  {
    name: "watching with a deadline of words",
    send: { method: "WatchChallenge", request: { challengeId: "a".repeat(36) }, timeout: { grpc: "soon", connect: "soon" } },
    expect: { code: "INVALID_ARGUMENT", fields: ["timeout"] },
  },
  {
    name: "watching for eleven thousand years",
    send: { method: "WatchChallenge", request: { challengeId: "a".repeat(36) }, timeout: { grpc: "99999999H", connect: "9999999999" } },
    expect: { code: "NOT_FOUND", reason: "CHALLENGE_NOT_FOUND" },
  },
  {
    name: "a stranger who would watch",
    needsKeys: true,
    send: { method: "WatchChallenge", request: { challengeId: "a".repeat(36) }, headers: { authorization: "Bearer cs_unknown" } },
    expect: { code: "UNAUTHENTICATED" },
  },
  ...["", "Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "cs_key", `Bearer ${"x".repeat(4000)}`, "Bearer cs_unknown"].map(
    (authorization): Case => ({
      name: `authorization ${JSON.stringify(authorization.slice(0, 20))}`,
      needsKeys: true,
      send: { ...verify(), headers: { authorization } },
      expect: { code: "UNAUTHENTICATED" },
    }),
  ),
  {
    name: "a stranger learns nothing about the message",
    needsKeys: true,
    send: { ...send({ purpose: "NO" }), headers: { authorization: "Bearer cs_unknown" } },
    expect: { code: "UNAUTHENTICATED" },
  },
];

export const inputCases: readonly Case[] = [...values, ...json, ...binary, ...calls];
