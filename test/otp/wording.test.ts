import { expect, test } from "vitest";
import type { ChannelRoute, UncheckedWording } from "../../src/otp/ports.ts";
import { resendCode } from "../../src/otp/resend-code.ts";
import { sendCode } from "../../src/otp/send-code.ts";
import { createFixture, emptySend, no, ok } from "./fixture.ts";

/** Channels that need a variable named like them. */
function createDemanding() {
  const fixture = createFixture();
  const asked: UncheckedWording[] = [];
  const demanding = (route: ChannelRoute): ChannelRoute => ({
    ...route,
    check(send) {
      asked.push(send);
      const violation = { field: `template_variables["${route.channel}"]`, description: "needed" };
      return Object.hasOwn(send.variables, route.channel) ? [] : [violation];
    },
  });
  const routes = new Map([...fixture.deps.routes].map(([channel, route]) => [channel, demanding(route)]));
  return { ...fixture, asked, deps: { ...fixture.deps, routes } };
}

test("a text that cannot be said is refused before anything is written or sent", async () => {
  const { deps, call, sent, ledgers } = createDemanding();
  const refusal = await no(sendCode(deps, emptySend, call));
  expect(refusal).toMatchObject({
    reason: "INVALID_ARGUMENT",
    violations: [{ field: 'template_variables["sms"]', description: "needed" }],
  });
  expect(sent).toEqual([]);
  expect(ledgers.size).toBe(0);
});

test("every channel that is named must be able to say its text", async () => {
  const { deps, call } = createDemanding();
  const request = { ...emptySend, channels: ["sms", "voice"] as const, templateVariables: { sms: "x" } };
  expect(await no(sendCode(deps, request, call))).toMatchObject({ violations: [{ field: 'template_variables["voice"]' }] });
  await ok(sendCode(deps, { ...request, templateVariables: { sms: "x", voice: "y" } }, call));
});

test("the text is looked for by purpose and language, with the application's where the caller names none", async () => {
  const { deps, call, asked } = createDemanding();
  const templateVariables = { sms: "x" };
  const recipient = { kind: "phone", value: "+4915112345679" } as const;
  await ok(sendCode(deps, { ...emptySend, templateVariables }, call));
  await ok(sendCode(deps, { ...emptySend, templateVariables, recipient, purpose: "payment", locale: "de-CH", binding: { a: "1" } }, call));
  expect(asked).toMatchObject([
    { purpose: "login", locale: "en", binding: {}, variables: templateVariables },
    { purpose: "payment", locale: "de-CH", binding: { a: "1" }, variables: templateVariables },
  ]);
});

test("a resend by a channel whose text needs more than the send was given is refused by the channel's name", async () => {
  const { deps, call, clock } = createDemanding();
  const { challengeId } = await ok(sendCode(deps, { ...emptySend, templateVariables: { sms: "x" } }, call));
  clock.now += 60_000;
  const resend = (channel: "sms" | "voice" | undefined) => resendCode(deps, { challengeId, channel, idempotencyKey: "" }, call);
  expect(await no(resend("voice"))).toMatchObject({
    reason: "INVALID_ARGUMENT",
    violations: [{ field: "channel", description: expect.stringContaining('template_variables["voice"]') }],
  });
  await ok(resend(undefined));
  clock.now += 120_000;
  await ok(resend("sms"));
});
