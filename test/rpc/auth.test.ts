import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { rights } from "../../src/otp/types.ts";
import { createAuthenticate, createKey, createOpenAuthenticate, hashKey, isKeyWhole } from "../../src/rpc/auth.ts";
import { application } from "../otp/fixture.ts";

const service = { application, kind: "service", rights, keyId: "" } as const;
const browser = { application, kind: "browser", rights: ["codes"], keyId: "" } as const;
const [first, second] = [createKey(randomBytes), createKey(randomBytes)];
const authenticate = createAuthenticate([
  { hash: hashKey(first), caller: service },
  { hash: hashKey(second), caller: browser },
]);

it("knows each caller by each of its keys", () => {
  expect(authenticate(`Bearer ${first}`)).toEqual({ ok: true, value: service });
  expect(authenticate(`Bearer ${second}`)).toEqual({ ok: true, value: browser });
});

it.each(["bearer", "BEARER", "bEaReR"])("takes the scheme as %s", (scheme) => {
  expect(authenticate(`${scheme}  ${first} `).ok).toBe(true);
});

it.each([
  undefined,
  "",
  "Bearer",
  first,
  `Basic ${first}`,
  `Bearer ${first}x`,
  `Bearer ${first.slice(0, -1)}`,
  `Bearer ${first.toUpperCase()}`,
  `Bearer ${first},${second}`,
  `Bearer ${hashKey(first)}`,
  `Bearer ${" ".repeat(600)}${first}`,
])("does not know %s", (authorization) => {
  expect(authenticate(authorization)).toMatchObject({ ok: false, refusal: { reason: "UNAUTHENTICATED" } });
});

it("knows nobody without keys", () => {
  expect(createAuthenticate([])(`Bearer ${first}`).ok).toBe(false);
});

it("knows everybody in development", () => {
  expect(createOpenAuthenticate(service)(undefined)).toEqual({ ok: true, value: service });
});

it("makes keys of 256 random bits that can be checked for typing mistakes", () => {
  expect(first).toMatch(/^cs_[A-Za-z0-9_-]{43}[0-9a-f]{4}$/);
  expect(first).not.toBe(second);
  expect(isKeyWhole(first)).toBe(true);
  const swapped = first[5] === "A" ? "B" : "A";
  expect(isKeyWhole(first.slice(0, 5) + swapped + first.slice(6))).toBe(false);
  expect(isKeyWhole(first.slice(0, -1))).toBe(false);
});
