import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { decodeWebhookSecret, signWebhook } from "../../src/providers/standard-webhooks.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

test("signs the specification's own example as its libraries do", () => {
  const body = '{"test": 2432232314}';
  const headers = signWebhook({ id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestampSeconds: 1614265330, body, secrets: [secret] });
  expect(headers).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("while keys rotate, receivers with either key take it, and nobody else", () => {
  const body = '{"text":"482913 ist Ihr Code für Müller"}';
  const headers = signWebhook({ id: "d-1_2", timestampSeconds: Date.now() / 1000, body, secrets: [secret, other] });
  expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
  for (const key of [secret, other]) expect(new Webhook(key).verify(body, { ...headers })).toEqual(JSON.parse(body));
  const third = new Webhook(`whsec_${Buffer.alloc(24, 9).toString("base64")}`);
  expect(() => third.verify(body, { ...headers })).toThrow();
  expect(() => new Webhook(secret).verify(`${body} `, { ...headers })).toThrow();
  expect(() => new Webhook(secret).verify(body, { ...headers, "webhook-id": "d-1_3" })).toThrow();
});

test("an id that could be read as another id and time is not signed", () => {
  for (const id of ["d1.1614265330", "", "d1\r\nx: y", "d".repeat(256)])
    expect(() => signWebhook({ id, timestampSeconds: 1, body: "{}", secrets: [secret] })).toThrow(TypeError);
});

test("secrets have 24 to 64 bytes, in Base64 proper, behind whsec_", () => {
  const of = (bytes: number) => `whsec_${Buffer.alloc(bytes, 1).toString("base64")}`;
  for (const good of [secret, of(24), of(32), of(64)]) expect(decodeWebhookSecret(good)).toBeInstanceOf(Buffer);
  const bad = [
    of(23),
    of(65),
    secret.slice(6),
    `whpk_${secret.slice(6)}`,
    `${secret}!`,
    `${secret} `,
    `whsec_${"-".repeat(32)}`,
    "whsec_",
    "",
  ];
  for (const each of [...bad, of(32).replace("=", "")]) expect(decodeWebhookSecret(each)).toBeUndefined();
});
