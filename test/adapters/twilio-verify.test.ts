/** Twilio's own SDK against the adapter, and the adapter against the service: real processes, real sockets. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { inbox, newPhone, wrong } from "../process/calls.ts";
import { newSqlite, type Service, startService } from "../process/service.ts";
import {
  type Adapter,
  accountSid,
  apiKey,
  authorization,
  authToken,
  codeFor,
  otherServiceSid,
  refusalOf,
  serviceSid,
  startAdapter,
  verifyService,
} from "./adapter.ts";

type Verify = ReturnType<typeof verifyService>;

const noCooldown = { COUNTERSIGN__applications__0__limits__cooldownsSeconds: "[0]" };
const shortLived = { COUNTERSIGN__applications__0__code__lifetimeSeconds: "30" };

let service: Service;
let patient: Service;
let adapter: Adapter;
let short: Adapter;
let verify: Verify;
/** Begun first, so that its 30 s pass while the other tests run. */
let expiring: { readonly to: string; readonly sid: string; readonly code: string; readonly verify: Verify; readonly at: number };

beforeAll(async () => {
  [service, patient] = await Promise.all([startService({ env: noCooldown }), startService({ env: shortLived })]);
  const [first, second] = await Promise.all([startAdapter(service), startAdapter(patient)]);
  adapter = first;
  verify = verifyService(adapter);
  const to = newPhone();
  short = second;
  const { sid } = await verifyService(short).verifications.create({ to, channel: "sms" });
  expiring = { to, sid, code: await codeFor(patient, to), verify: verifyService(short), at: performance.now() };
});

const messages = (at: { readonly http: string }, to: string) => inbox(at, to);

describe("the main path", () => {
  test("a verification is sent, checked by To, and approved once", async () => {
    const to = newPhone();
    const sent = await verify.verifications.create({ to, channel: "sms", locale: "de" });
    expect(sent).toMatchObject({ to, channel: "sms", status: "pending", valid: false, accountSid, serviceSid, amount: null, payee: null });
    expect(sent.sid).toMatch(/^VE[0-9a-f]{32}$/);
    expect(sent.url).toBe(`${adapter.url}/v2/Services/${serviceSid}/Verifications/${sent.sid}`);
    expect(Math.abs(sent.dateCreated.getTime() - Date.now())).toBeLessThan(60_000);
    expect(sent.sendCodeAttempts).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        channel: "SMS",
        attempt_sid: expect.stringMatching(/^VL[0-9a-f]{32}$/),
      },
    ]);
    const [message] = await messages(service, to);
    expect(message?.text).toContain("Countersign Dev");
    const code = message?.code ?? "";
    const checked = await verify.verificationChecks.create({ to, code });
    expect(checked).toMatchObject({ sid: sent.sid, to, channel: "sms", status: "approved", valid: true, accountSid, serviceSid });
    expect(await refusalOf(verify.verificationChecks.create({ to, code }))).toMatchObject({ status: 404, code: 20404 });
    expect(await verify.verifications(sent.sid).fetch()).toMatchObject({ to, status: "approved", valid: true });
  });

  test.for([
    ["call", "voice", "+4915112345601"],
    ["email", "email", "someone@example.com"],
  ] as const)("by %s, checked by SID", async ([channel, ours, to]) => {
    const { sid } = await verify.verifications.create({ to, channel });
    const [message] = await messages(service, to);
    expect(message?.channel).toBe(ours);
    const checked = await verify.verificationChecks.create({ verificationSid: sid, code: message?.code ?? "" });
    expect(checked).toMatchObject({ sid, to, channel, status: "approved", valid: true });
  });

  test("an API key is as good as the auth token, and every spelling of a number is one number", async () => {
    const to = newPhone();
    const byKey = verifyService(adapter, { user: apiKey.sid, password: apiKey.secret });
    await byKey.verifications.create({ to: `${to.slice(0, 3)} (151) ${to.slice(6)}`, channel: "auto" });
    expect(await verify.verificationChecks.create({ to, code: await codeFor(service, to) })).toMatchObject({ to, status: "approved" });
  });
});

describe("wrong codes", () => {
  test("a wrong code leaves it pending, and the right one is still accepted", async () => {
    const to = newPhone();
    const { sid } = await verify.verifications.create({ to, channel: "sms" });
    const code = await codeFor(service, to);
    expect(await verify.verificationChecks.create({ to, code: wrong(code) })).toMatchObject({ sid, to, status: "pending", valid: false });
    expect(await verify.verificationChecks.create({ to, code })).toMatchObject({ sid, status: "approved", valid: true });
  });

  test("after five, even the right code is 60202; then a new verification may be started", async () => {
    const to = newPhone();
    const { sid } = await verify.verifications.create({ to, channel: "sms" });
    const code = await codeFor(service, to);
    for (let guess = 0; guess < 5; guess++) {
      expect(await verify.verificationChecks.create({ to, code: wrong(code) })).toMatchObject({ status: "pending", valid: false });
    }
    expect(await refusalOf(verify.verificationChecks.create({ to, code }))).toMatchObject({
      status: 429,
      code: 60202,
      moreInfo: "https://www.twilio.com/docs/errors/60202",
    });
    expect((await verify.verifications(sid).fetch()).status).toBe("max_attempts_reached");
    const again = await verify.verifications.create({ to, channel: "sms" });
    expect(again.sid).not.toBe(sid);
    const checked = await verify.verificationChecks.create({ to, code: await codeFor(service, to) });
    expect(checked).toMatchObject({ sid: again.sid, status: "approved" });
  });
});

describe("sending again", () => {
  test("keeps the SID, replaces the code, may change the channel, and ends with 60203", async () => {
    const to = newPhone();
    const { sid } = await verify.verifications.create({ to, channel: "sms" });
    const old = await codeFor(service, to);
    const second = await verify.verifications.create({ to, channel: "call" });
    expect(second).toMatchObject({ sid, channel: "call", status: "pending" });
    expect(second.sendCodeAttempts.map(({ channel }) => channel)).toEqual(["SMS", "CALL"]);
    const fresh = await codeFor(service, to);
    if (fresh !== old) expect(await verify.verificationChecks.create({ to, code: old })).toMatchObject({ channel: "call", valid: false });
    for (let more = 0; more < 3; more++) expect((await verify.verifications.create({ to, channel: "sms" })).sid).toBe(sid);
    expect(await refusalOf(verify.verifications.create({ to, channel: "sms" }))).toMatchObject({ status: 429, code: 60203 });
    expect(await messages(service, to)).toHaveLength(5);
    expect((await verify.verificationChecks.create({ to, code: await codeFor(service, to) })).status).toBe("approved");
  });

  test("too soon is 60203 with the seconds to wait", async () => {
    const url = `${short.url}/v2/Services/${serviceSid}/Verifications`;
    const body = new URLSearchParams({ To: expiring.to, Channel: "sms" });
    const response = await fetch(url, { method: "POST", body, headers: authorization });
    const { code, message } = (await response.json()) as { code: number; message: string };
    expect([response.status, code]).toEqual([429, 60203]);
    const seconds = Number(response.headers.get("retry-after"));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(30);
    expect(message).toContain(`try again in ${seconds} s`);
  });

  test("another amount or payee is another verification, and the code of the one before confirms nothing", async () => {
    const to = newPhone();
    const first = await verify.verifications.create({ to, channel: "sms", amount: "10.00 EUR", payee: "Shop" });
    const [message] = await messages(service, to);
    expect(first).toMatchObject({ amount: "10.00 EUR", payee: "Shop" });
    expect(message?.text).toContain("10.00 EUR");
    const other = await verify.verifications.create({ to, channel: "sms", amount: "99.00 EUR", payee: "Shop" });
    expect(other.sid).not.toBe(first.sid);
    const stale = { verificationSid: first.sid, code: message?.code ?? "", amount: "10.00 EUR", payee: "Shop" };
    expect(await refusalOf(verify.verificationChecks.create(stale))).toMatchObject({ status: 404, code: 20404 });
    const code = await codeFor(service, to);
    expect((await verify.verificationChecks.create({ to, code, amount: "10.00 EUR", payee: "Shop" })).valid).toBe(false);
    expect(await verify.verificationChecks.create({ to, code, amount: "99.00 EUR", payee: "Shop" })).toMatchObject({
      sid: other.sid,
      status: "approved",
      amount: "99.00 EUR",
    });
  });
});

describe("endings", () => {
  test("canceled: the code is no longer accepted, and the next verification is a new one", async () => {
    const to = newPhone();
    const { sid } = await verify.verifications.create({ to, channel: "sms" });
    expect(await verify.verifications(sid).fetch()).toMatchObject({ sid, to, status: "pending", valid: false });
    expect(await verify.verifications(sid).update({ status: "canceled" })).toMatchObject({ sid, to, status: "canceled", valid: false });
    const code = await codeFor(service, to);
    expect(await refusalOf(verify.verificationChecks.create({ to, code }))).toMatchObject({ status: 404, code: 20404 });
    const again = await verify.verifications.create({ to, channel: "sms" });
    expect(again.sid).not.toBe(sid);
    expect(await refusalOf(verify.verifications(sid).fetch())).toMatchObject({ status: 404, code: 20404 });
    expect((await verify.verificationChecks.create({ to, code: await codeFor(service, to) })).sid).toBe(again.sid);
  });

  test("nobody is approved without a code", async () => {
    const { sid } = await verify.verifications.create({ to: newPhone(), channel: "sms" });
    expect(await refusalOf(verify.verifications(sid).update({ status: "approved" }))).toMatchObject({ status: 400, code: 60200 });
    expect((await verify.verifications(sid).fetch()).status).toBe("pending");
  });

  test("unknown, of another service, or no SID at all: 20404", async () => {
    const { sid } = await verify.verifications.create({ to: newPhone(), channel: "sms" });
    const other = verifyService(adapter, { user: accountSid, password: authToken, service: otherServiceSid });
    const unknown = verifyService(adapter, { user: accountSid, password: authToken, service: `VA${"f".repeat(32)}` });
    const notThere = { status: 404, code: 20404 };
    expect(await refusalOf(other.verifications(sid).fetch())).toMatchObject(notThere);
    expect(await refusalOf(other.verificationChecks.create({ verificationSid: sid, code: "123456" }))).toMatchObject(notThere);
    expect(await refusalOf(unknown.verifications(sid).fetch())).toMatchObject(notThere);
    expect(await refusalOf(verify.verifications(`VE${"0".repeat(32)}`).fetch())).toMatchObject(notThere);
    expect(await refusalOf(verify.verifications("..").fetch())).toMatchObject({ status: 404 });
    expect(await refusalOf(verify.verificationChecks.create({ to: newPhone(), code: "123456" }))).toMatchObject(notThere);
    expect(await refusalOf(verify.verificationChecks.create({ to: newPhone(), verificationSid: sid, code: "123456" }))).toMatchObject(
      notThere,
    );
  });
});

test("without the service: 20503; it recovers by itself", async () => {
  const store = newSqlite().url;
  const stopped = await startService({ store });
  const lonely = verifyService(await startAdapter(stopped));
  const to = newPhone();
  await stopped.stop();
  expect(await refusalOf(lonely.verifications.create({ to, channel: "sms" }))).toMatchObject({ status: 503, code: 20503 });
  await startService({ store, env: { COUNTERSIGN_HTTP_ADDR: stopped.http } });
  expect((await lonely.verifications.create({ to, channel: "sms" })).status).toBe("pending");
});

test("expired: 20404, and the next verification is a new one", async () => {
  await sleep(Math.max(0, expiring.at + 30_500 - performance.now()));
  const { to, code, sid, verify: late } = expiring;
  expect(await refusalOf(late.verificationChecks.create({ to, code }))).toMatchObject({ status: 404, code: 20404 });
  expect(await late.verifications(sid).fetch()).toMatchObject({ status: "expired", valid: false });
  expect(await refusalOf(late.verifications(sid).update({ status: "canceled" }))).toMatchObject({ status: 404, code: 20404 });
  const again = await late.verifications.create({ to, channel: "sms" });
  expect(again.sid).not.toBe(sid);
  expect((await late.verificationChecks.create({ to, code: await codeFor(patient, to) })).status).toBe("approved");
}, 60_000);
