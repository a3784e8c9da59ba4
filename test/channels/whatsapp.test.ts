import { expect, test } from "vitest";
import { createWhatsappRoute } from "../../src/channels/whatsapp.ts";
import type { Carrier } from "../../src/otp/ports.ts";
import { wording } from "./application.ts";

const carrier: Carrier = { carry: () => Promise.reject(new Error("nobody sends here")) };

test("reaches a phone, with the code apart for the template and a text for whoever shows it", () => {
  const route = createWhatsappRoute(carrier);
  expect(route).toMatchObject({ channel: "whatsapp", reaches: ["phone"], carrier });
  const { text, ...message } = route.compose({ ...wording, locale: "de-AT" });
  expect(message).toEqual({ channel: "whatsapp", to: "+4915112345678", code: "482913", locale: "de" });
  expect(text).toMatch(/^482913 .*Example/);
});

test("is refused for a code that confirms something, which nobody would see", () => {
  const { check } = createWhatsappRoute(carrier);
  expect(check({ ...wording, binding: {} })).toEqual([]);
  expect(check({ ...wording, binding: { amount: "5 EUR" } })).toMatchObject([{ field: "binding" }]);
});
