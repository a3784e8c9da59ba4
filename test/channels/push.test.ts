import { expect, test } from "vitest";
import { createPushRoute } from "../../src/channels/push.ts";
import type { Carrier, Wording } from "../../src/otp/ports.ts";
import { application } from "./application.ts";

const carrier: Carrier = { carry: () => Promise.reject(new TypeError("nothing is sent here")) };
const route = createPushRoute(carrier);
const wording = (more: Partial<Wording> = {}): Wording => ({
  application,
  recipient: { kind: "phone", value: "+4915112345678" },
  code: "482913",
  purpose: "login",
  binding: {},
  locale: "en",
  variables: {},
  autofill: {},
  lifetimeMs: 300_000,
  ...more,
});

test("reaches whoever the app knows by number or by address", () => {
  expect(route).toMatchObject({ channel: "push", reaches: ["phone", "email"], carrier });
  const recipient = { kind: "email", value: "jane@example.com" } as const;
  expect(route.compose(wording({ recipient })).to).toBe("jane@example.com");
});

test("has a title without the code, which anybody may see, and a text that begins with it", () => {
  for (const locale of ["en", "de", "ar", "zh-Hant"]) {
    const { subject, text, code } = route.compose(wording({ locale }));
    expect(subject).not.toContain(code);
    expect(subject?.length).toBeLessThan(60);
    expect(text).toContain(code);
    expect(text.length).toBeLessThan(178);
  }
});

test("shows what the code confirms", () => {
  const { text } = route.compose(wording({ binding: { amount: "49.90 EUR", payee: "ACME" } }));
  expect(text).toContain("49.90 EUR");
  expect(text).toContain("ACME");
});

test("is worded by the application's own template where there is one", () => {
  const template = { channel: "push", locale: "en", text: "Enter {code} in {app}", variables: {}, allowLinks: false } as const;
  const own = { ...application, templates: [template] };
  expect(route.compose(wording({ application: own })).text).toBe(`Enter 482913 in ${application.displayName}`);
});
