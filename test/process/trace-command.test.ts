import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ChallengeTrace } from "../../src/otp/trace-challenge.ts";
import { signGateway } from "../providers/receipt-signers.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { newTraceparent, startCollector } from "../telemetry/trace-collector.ts";
import { challengeCall, challengeIdOf, newPhone, outcome, sendTo, verify, wrong } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { newKey } from "./production-config.ts";
import { formsOf, type Secret, secretsIn } from "./secrets-in.ts";
import { connectTo, launch, newSqlite, type Service, startService } from "./service.ts";
import { mongoContents, type StoreContents, sqliteContents } from "./store-contents.ts";
import { caller, type Gateway, lastCode, startMessageGateway, tracedConfig, webhookSecret } from "./tracing-kit.ts";

const stores = [
  {
    name: "SQLite",
    open: () => {
      const { path, url } = newSqlite();
      return { url, contents: sqliteContents(path) };
    },
  },
  ...(hasMongo
    ? [
        {
          name: "MongoDB",
          open: () => {
            const url = newMongo();
            return { url, contents: mongoContents(url) };
          },
        },
      ]
    : []),
];

type Told = ChallengeTrace & { readonly finding: string };

const origin = "https://app.example.com";
const browser = newKey();

describe.each(stores)("countersign trace on $name", ({ open }) => {
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let gateway: Gateway;
  let failing: Gateway;
  let service: Service;
  let config: ReturnType<typeof configOf>;
  let store: string;
  let contents: StoreContents;
  const secrets: Secret[] = [];
  const outputs: { readonly name: string; readonly bytes: Buffer }[] = [];

  function configOf(endpoint: string) {
    const traced = tracedConfig(gateway, { endpoint, sampleRatio: 0 });
    const [application] = traced.applications;
    const keys = [...(application?.keys ?? []), { id: "b", hash: browser.hash, kind: "browser", origins: [origin] }];
    return {
      ...traced,
      applications: [
        { ...application, keys, limits: { cooldownsSeconds: [0], failures: { perHour: 3, perDay: 20, inRow: 50 } } },
        {
          id: "other",
          displayName: "Other",
          purposes: ["login"],
          channels: ["sms"],
          policy: { countries: "*" },
          keys: [{ id: "o", hash: newKey().hash }],
        },
      ],
      providers: { ...traced.providers, api: { ...traced.providers.api, url: failing.url } },
      channels: { ...traced.channels, sms: ["api", "hook"] },
    };
  }

  beforeAll(async () => {
    [collector, gateway, failing] = await Promise.all([startCollector(), startMessageGateway(), startMessageGateway()]);
    failing.state.behaviour = { kind: "answer", status: 401, body: '{"error":"no such key"}' };
    const opened = open();
    store = opened.url;
    contents = opened.contents;
    config = configOf(collector.endpoint);
    service = await startService({ config, store, key: caller.key });
  });
  afterAll(() => Promise.all([collector.stop(), gateway.stop(), failing.stop()]));

  async function run(...args: string[]) {
    const launched = launch({ config, store }, ["trace", ...args]);
    const { code } = await launched.exited;
    const [stdout, stderr] = [launched.stdout(), launched.stderr()];
    outputs.push({ name: `trace ${args[0]}`, bytes: Buffer.from(stdout + stderr) });
    return { code, stdout, stderr };
  }

  async function told(challengeId: string): Promise<Told> {
    const { code, stdout, stderr } = await run("--json", challengeId);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('"act":"trace_challenge"') });
    return JSON.parse(stdout) as Told;
  }

  async function send(
    more: object = {},
    headers: Record<string, string> = {},
  ): Promise<{ challengeId: string; code: string; phone: string }> {
    const phone = newPhone();
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, { ...sendTo(phone, { ...more }), headers }));
    const code = lastCode(gateway);
    secrets.push({ name: "a recipient", text: phone.slice(1) }, { name: "a code", text: code });
    return { challengeId, code, phone };
  }

  const whats = ({ timeline }: Told) => timeline.map(({ what }) => what);

  it("tells of a failover, a wrong code, a resend, a receipt and a verification, in order", async () => {
    const { traceId, traceparent } = newTraceparent();
    const { challengeId, code, phone } = await send({}, { traceparent });
    expect(outcome(await service.gRPC.send(verify(challengeId, wrong(code))))).toBe("CODE_MISMATCH");
    await mustSucceed(service.gRPC, { method: "ResendCode", request: { challengeId, channel: "CHANNEL_VOICE" } });
    const second = lastCode(gateway);
    secrets.push({ name: "a wrong code", text: wrong(code) }, { name: "a second code", text: second });
    await tellDelivered();
    expect(outcome(await service.gRPC.send(verify(challengeId, second)))).toBe("OK");

    const trace = await told(challengeId);
    expect(trace).toMatchObject({
      finding: "hook says that the message arrived.",
      challengeId,
      application: "shop",
      state: "verified",
      decoy: false,
      purpose: "login",
      maskedRecipient: `${phone.slice(0, 3)}${"•".repeat(phone.length - 6)}${phone.slice(-3)}`,
      attempts: 2,
      sends: 2,
      sendsRemaining: 3,
      recipient: { locked: false, failuresInRow: 0 },
      verifiedAt: expect.any(Number),
    });
    expect(trace.deliveries).toMatchObject([
      {
        channel: "sms",
        state: "accepted",
        provider: "hook",
        reference: "gateway-1",
        traceId,
        tried: [{ provider: "api", vendorCode: "http_401" }],
      },
      { channel: "voice", state: "delivered", provider: "hook", tried: [] },
    ]);
    expect(trace.deliveries[1]?.times).toEqual({ accepted: expect.any(Number), delivered: expect.any(Number) });
    expect(whats(trace)).toEqual([
      "challenge opened",
      "message 1 (sms): asked for",
      expect.stringMatching(/^message 1 \(sms\): api did not take it: \w+, vendor code http_401 \(after \d+ ms\)$/),
      "message 1 (sms): accepted (hook)",
      "message 2 (voice): asked for",
      "message 2 (voice): accepted (hook)",
      "message 2 (voice): delivered (hook)",
      "verified",
    ]);
    expect(trace.timeline.map(({ at }) => at)).toEqual(trace.timeline.map(({ at }) => at).toSorted((a, b) => a - b));
  });

  it("tells people the same as a table", async () => {
    const { challengeId, code } = await send();
    await service.gRPC.send(verify(challengeId, wrong(code)));
    secrets.push({ name: "a wrong code", text: wrong(code) });
    const { code: exit, stdout } = await run(challengeId);
    expect(exit).toBe(0);
    const shown = stdout
      .replaceAll(challengeId, "ID")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME")
      .replace(/[+-][\d.]+ s +/g, "+N s  ")
      .replace(/after \d+ ms/, "after N ms")
      .replace(/\+49•+\d{3}/, "MASKED")
      .replace(/[0-9a-f]{32}/, "TRACE");
    expect(shown.split("\n")).toEqual([
      "hook took the message, and has told nothing since: ask it about gateway-1.",
      "",
      "challenge    ID",
      "application  shop",
      "recipient    MASKED",
      "purpose      login",
      "state        pending",
      "created      TIME",
      "expires      TIME",
      "codes tried  1, 2 more may be",
      "messages     1, 4 more may be, the next from TIME on",
      "lock         the recipient is not locked; 1 wrong codes that count, 1 in a row; 1 messages that count",
      "",
      "message  channel  provider  state     failure  vendor code  reference  trace",
      "1        sms      hook      accepted  -        -            gateway-1  TRACE",
      "",
      "TIME  +N s  challenge opened",
      "TIME  +N s  message 1 (sms): asked for",
      "TIME  +N s  message 1 (sms): api did not take it: credentials_refused, vendor code http_401 (after N ms)",
      "TIME  +N s  message 1 (sms): accepted (hook)",
      "TIME  +N s  wrong code for this recipient (of any challenge)",
      "TIME  +N s  expires",
      "",
    ]);
  });

  it("a message that nobody takes, one that was canceled, and one that has expired", async () => {
    gateway.state.behaviour = { kind: "answer", status: 400, body: '{"failure":"recipient_refused"}' };
    const phone = newPhone();
    const idempotencyKey = `idempotent-${phone.slice(1)}`;
    const refused = await service.gRPC.send(sendTo(phone, { idempotencyKey }));
    secrets.push(
      { name: "a recipient that was refused", text: phone.slice(1) },
      { name: "a code that was refused", text: lastCode(gateway) },
    );
    secrets.push({ name: "an idempotency key", text: idempotencyKey });
    expect(outcome(refused)).toBe("DELIVERY_FAILED");
    const { challengeId: failed = "" } = service.log().findLast(({ event }) => event === "message_handled") as { challengeId?: string };
    gateway.state.behaviour = { kind: "api" };
    expect(await told(failed)).toMatchObject({
      finding: "The message was not sent, or did not arrive: hook (recipient_refused, vendor code http_400).",
      deliveries: [{ state: "failed", failure: "recipient_refused", vendorCode: "http_400" }],
    });
    const { challengeId: canceled } = await send();
    await mustSucceed(service.gRPC, challengeCall("CancelChallenge", canceled));
    const over = await told(canceled);
    expect(over).toMatchObject({
      state: "canceled",
      canceledAt: expect.any(Number),
      finding: expect.stringContaining("ask it about gateway-1"),
    });
    expect(whats(over).at(-1)).toBe("canceled");
    const { challengeId: expired } = await send();
    await contents.expire(expired);
    const late = await told(expired);
    expect(late.state).toBe("expired");
    expect(whats(late)).toContain("expired");
  });

  it("a decoy is told as one, with the recipient's lock", async () => {
    const { challengeId, code, phone } = await send();
    for (let guess = 0; guess < 3; guess += 1) await service.gRPC.send(verify(challengeId, wrong(code)));
    secrets.push({ name: "a wrong code", text: wrong(code) });
    const page = connectTo(service, browser.key).JSON;
    const decoy = challengeIdOf(await mustSucceed(page, { ...sendTo(phone), headers: { origin } }));
    expect(await told(decoy)).toMatchObject({
      decoy: true,
      state: "pending",
      finding: expect.stringMatching(/^Nothing was sent: this is a decoy, .*the recipient is locked\. No code verifies it\.$/),
      recipient: { locked: true, unlocksAt: expect.any(Number), failuresInRow: 3 },
      deliveries: [{ suppressed: "recipient exhausted" }],
    });
  });

  it("what is not there, is another application's or is no id at all", async () => {
    const { challengeId } = await send();
    expect(await run("x".repeat(36))).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/^There is no such challenge/) });
    expect((await run("--application", "shop", challengeId)).code).toBe(0);
    expect(await run("--application", "other", challengeId)).toMatchObject({ code: 1, stdout: "" });
    expect(await run("--application", "nobody", challengeId)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no application "nobody"'),
    });
    expect(await run("123456")).toMatchObject({ code: 2, stdout: "", stderr: expect.not.stringContaining("123456") });
    expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining("CHALLENGE_ID") });
  });

  it("never prints a code, a hash, what is sealed, or a whole recipient", async () => {
    expect(outputs.length).toBeGreaterThan(10);
    expect(secretsIn(outputs, secrets)).toEqual([]);
    const stored = Buffer.concat((await contents.read()).map(({ bytes }) => Buffer.from(bytes))).toString("latin1");
    // Whatever stands in the store behind these names.
    const kept = [...stored.matchAll(/"(?:sealed|context|content|key)":"([^"]{20,})"/g)].map(([, text = ""]) => text);
    const hashes = [...stored.matchAll(/"codes":\["([^"]+)"/g)].map(([, text = ""]) => text);
    const inTheStore = [...new Set([...kept, ...hashes])];
    expect(hashes.length).toBeGreaterThan(3);
    const printed = outputs.map(({ bytes }) => bytes.toString()).join("\n");
    expect(inTheStore.filter((text) => printed.includes(text))).toEqual([]);
    expect(formsOf("0123456789").length).toBeGreaterThan(5);
  });

  async function tellDelivered(): Promise<void> {
    const { receipt_url: url = "", delivery_id } = JSON.parse(gateway.requests.at(-1)?.body ?? "{}") as Record<string, string>;
    const receipt = { type: "countersign.receipt", delivery_id, state: "delivered", id: "gateway-1" };
    const signed = signGateway(url, receipt, { secret: webhookSecret });
    const { pathname } = new URL(url);
    const answer = await fetch(`http://${service.http}${pathname}`, { method: "POST", headers: signed.headers, body: signed.body });
    expect(answer.status).toBe(200);
  }
});
