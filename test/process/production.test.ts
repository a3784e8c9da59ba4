import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { login, startSmtpServer } from "../providers/smtp-server.ts";
import { account, startTwilioServer } from "../providers/twilio-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import type { WireClient } from "../rpc/wire-clients.ts";
import { challengeCall, challengeIdOf, newPhone, outcome, sendTo, verify } from "./calls.ts";
import { type Key, newKey, sampleConfig } from "./production-config.ts";
import { connectTo, launch, newFolder, newSqlite, runCommand, type Service, startService } from "./service.ts";
import { codeInCall, codeInMail, codeInText } from "./vendors.ts";

let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
let smtp: Awaited<ReturnType<typeof startSmtpServer>>;
let service: Service;
let shop: Key;
let shopNext: Key;
let bank: Key;

beforeAll(async () => {
  [twilio, smtp] = await Promise.all([startTwilioServer(), startSmtpServer({ authOptional: false })]);
  [shop, shopNext, bank] = await Promise.all([makeKey("shop"), makeKey("shop"), makeKey("bank")]);
  const folder = newFolder();
  writeFileSync(join(folder, "twilio-token"), `${account.token}\n`, { mode: 0o600 });
  const config = sampleConfig({ twilio: { baseUrl: twilio.baseUrl }, smtp: { port: smtp.port, ca: smtp.ca } }, [shop, shopNext]);
  const [first] = config.applications;
  config.applications.push({
    ...first,
    id: "bank",
    displayName: "Example Bank",
    proofAudience: "https://bank.example.com",
    keys: [{ id: "key-0", hash: bank.hash }],
  } as never);
  Object.assign(config.providers["twilio-main"] ?? {}, { authToken: { file: join(folder, "twilio-token") } });
  Object.assign(config.providers.mail ?? {}, { auth: { user: login.user, password: { env: "SMTP_PASSWORD" } } });
  service = await startService({ config, store: newSqlite().url, key: shop.key, env: { SMTP_PASSWORD: login.password } });
});

afterAll(() => Promise.all([twilio.stop(), smtp.stop()]));

describe("in production, over gRPC and JSON", () => {
  it.each(["gRPC", "JSON"] as const)("%s: sends and verifies a text message, a call and a mail", async (name) => {
    const wire = service[name];
    const [texted, called, mailed] = [newPhone(), newPhone(), `ann+${newPhone().slice(1)}@example.com`];
    const text = await mustSucceed(wire, sendTo(texted));
    expect(await codeIsRight(wire, challengeIdOf(text), codeInText(twilio.requests, texted))).toMatchObject({ channel: "CHANNEL_SMS" });
    const call = await mustSucceed(wire, sendTo(called, { channels: ["CHANNEL_VOICE"] }));
    expect(await codeIsRight(wire, challengeIdOf(call), codeInCall(twilio.requests, called))).toMatchObject({ channel: "CHANNEL_VOICE" });
    const mail = await mustSucceed(wire, { method: "SendCode", request: { recipient: { emailAddress: mailed } } });
    expect(await codeIsRight(wire, challengeIdOf(mail), codeInMail(smtp.mails, mailed))).toMatchObject({
      recipient: { emailAddress: mailed },
    });
    expect(smtp.mails.at(-1)).toMatchObject({ secure: true, user: login.user });
  });

  it("has no inbox, and names the provider that delivered", async () => {
    expect((await fetch(`http://${service.http}/dev/inbox`)).status).toBe(404);
    expect(await mustSucceed(service.JSON, sendTo(newPhone()))).toMatchObject({
      challenge: { deliveries: [{ provider: "twilio-main", state: "DELIVERY_STATE_ACCEPTED" }] },
    });
  });

  it("says why nobody delivered, and that trying again will not help", async () => {
    twilio.state.behaviour = { kind: "refuse", status: 400, code: 21610 };
    const refused = await service.gRPC.send(sendTo(newPhone()));
    twilio.state.behaviour = { kind: "api" };
    expect(refused).toMatchObject({ code: "UNAVAILABLE", reason: "DELIVERY_FAILED", metadata: { failure: "recipient_opted_out" } });
    expect(refused.retryAfterMs).toBeUndefined();
  });
});

describe("who calls", () => {
  it("sees nothing of another application's challenges, and cannot spend their guesses", async () => {
    const to = newPhone();
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, sendTo(to)));
    for (const wire of wiresOf(bank)) {
      for (const call of [
        verify(challengeId, "000000"),
        ...(["GetChallenge", "CancelChallenge", "ResendCode"] as const).map((method) => challengeCall(method, challengeId)),
      ])
        expect(await wire.send(call), call.method).toMatchObject({ code: "NOT_FOUND", reason: "CHALLENGE_NOT_FOUND" });
      expect(await wire.send(verify(challengeId, codeInText(twilio.requests, to)))).toMatchObject({ code: "NOT_FOUND" });
    }
    expect(await mustSucceed(service.JSON, challengeCall("GetChallenge", challengeId))).toMatchObject({
      challenge: { attemptsRemaining: 5 },
    });
    expect(await codeIsRight(service.JSON, challengeId, codeInText(twilio.requests, to))).toMatchObject({ challengeId });
  });

  it("has limits of its own: what one application spends, the other still has", async () => {
    const to = newPhone();
    const outcomes = [];
    for (let count = 0; count < 6; count++) outcomes.push(outcome(await service.gRPC.send(sendTo(to))));
    expect(outcomes).toEqual(["OK", "OK", "OK", "OK", "OK", "RATE_LIMITED"]);
    expect(outcome(await connectTo(service, bank.key).gRPC.send(sendTo(to)))).toBe("OK");
  });

  it("must name a key that is known", async () => {
    const before = twilio.requests.length;
    for (const authorization of ["", `Bearer ${newKey().key}`, `Bearer ${shop.hash}`, `Bearer ${shop.key}x`, `Basic ${shop.key}`])
      for (const wire of service.wires)
        expect(await wire.send({ ...sendTo(newPhone()), headers: { authorization } }), wire.name).toMatchObject({
          code: "UNAUTHENTICATED",
          reason: "UNAUTHENTICATED",
        });
    expect(twilio.requests.length).toBe(before);
  });

  it("may have two keys at once, to rotate them", async () => {
    const challengeId = challengeIdOf(await mustSucceed(service.gRPC, sendTo(newPhone())));
    for (const wire of wiresOf(shopNext)) expect((await wire.send(challengeCall("GetChallenge", challengeId))).code).toBe("OK");
  });
});

describe("without any key", () => {
  it.each(["0.0.0.0:0", "[::]:0"])("%s is refused, and why", async (address) => {
    const launched = launch({
      config: sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, []),
      store: newSqlite().url,
      env: { COUNTERSIGN_HTTP_ADDR: address },
    });
    expect(await launched.exited).toMatchObject({ code: 1 });
    expect(launched.stderr().trimEnd().split("\n")).toEqual([expect.stringMatching(/COUNTERSIGN_HTTP_ADDR.*key/)]);
  });

  it("development mode is held to it too", async () => {
    const launched = launch({ env: { COUNTERSIGN_GRPC_ADDR: "0.0.0.0:0" } });
    expect(await launched.exited).toMatchObject({ code: 1 });
    expect(launched.stderr()).toMatch(/COUNTERSIGN_GRPC_ADDR.*key/);
  });
});

const codeIsRight = (wire: WireClient, challengeId: string, code: string) => mustSucceed(wire, verify(challengeId, code));

const wiresOf = ({ key }: Key) => connectTo(service, key).wires;

/** As an operator makes one. */
async function makeKey(application: string): Promise<Key> {
  const printed = await runCommand("make-key", "--application", application);
  const [key] = /^cs_\S+$/m.exec(printed) ?? [];
  const [, hash] = /hash: (\S+)/.exec(printed) ?? [];
  if (!key || !hash) throw new Error(`make-key printed no key or no hash`);
  return { key, hash };
}
