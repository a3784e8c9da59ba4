/** A service on which everything happens at least once that an operator may want to see, and what its metrics say of it then. */
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { expect } from "vitest";
import { AdminService } from "../../src/gen/countersign/v1/admin_service_pb.js";
import { challengeIdOf, newPhone, outcome, sendTo, verify } from "../process/calls.ts";
import { type Key, newKey, newSecret } from "../process/production-config.ts";
import { connectTo, newSqlite, seen, startService, writeConfig } from "../process/service.ts";
import { signGateway } from "../providers/receipt-signers.ts";
import { json, startVendorServer } from "../providers/vendor-server.ts";
import { mustSucceed } from "../rpc/cases.ts";

const webhookSecret = newWebhookSecret(1);
const receiptSecret = newWebhookSecret(7);
const publicUrl = "https://otp.example.com";
const origin = "https://app.example.com";

type Keys = Readonly<Record<"service" | "browser" | "operator" | "bank", Key>>;
type Gateway = Awaited<ReturnType<typeof startVendorServer>>;

export async function startEventfulService() {
  const gateway = await startVendorServer(({ path }) => (path === "/broken" ? json(500, {}) : json(200, { id: "gateway-1" })));
  const keys: Keys = { service: newKey(), browser: newKey(), operator: newKey(), bank: newKey() };
  const file = writeConfig(configOf(gateway.baseUrl, keys));
  const service = await startService({ env: { COUNTERSIGN_CONFIG: file }, key: keys.service.key });
  const started = await seen(service, "started");
  const read = async (): Promise<string> => (await fetch(`http://${started.metrics}/metrics`)).text();
  return { service, gateway, keys, file, admin: String(started.admin), metrics: String(started.metrics), read };
}

export type Eventful = Awaited<ReturnType<typeof startEventfulService>>;

/** Returns when the metrics of what happens behind the answers are there as well. */
export async function makeEverythingHappen(eventful: Eventful): Promise<void> {
  await callOnEveryWire(eventful);
  await failAndRecover(eventful);
  await tellReceipts(eventful);
  await beRefused(eventful);
  await useAuthenticators(eventful);
  await operate(eventful);
  await until(eventful, "countersign_circuit_open{");
  await until(eventful, 'countersign_configuration_reloads_total{outcome="refused"}');
  await until(eventful, 'countersign_outcomes_total{application="shop",act="fallback"');
}

/** Waits, for long, until the metrics have it. */
async function until({ read }: Pick<Eventful, "read">, part: string): Promise<void> {
  for (let tries = 0; !(await read()).includes(part); tries++) {
    if (tries === 300) throw new Error(`the metrics never had ${part}`);
    await sleep(200);
  }
}

function configOf(baseUrl: string, keys: Keys) {
  const webhook = { kind: "webhook", secrets: [webhookSecret], allowPrivateHosts: ["127.0.0.1"] };
  const application = { displayName: "Shop", purposes: ["login"], channels: ["sms", "voice"] };
  const policy = { countries: ["DE", "AT"], voice: { countries: ["DE", "AT"] } };
  return {
    listen: { admin: "127.0.0.1:0", metrics: "127.0.0.1:0" },
    store: { url: newSqlite().url },
    secrets: {
      ledgerKey: newSecret(),
      codeKeys: [{ id: "a", secret: newSecret() }],
      authenticatorKeys: [{ id: "b", secret: newSecret() }],
    },
    applications: [
      {
        ...application,
        id: "shop",
        policy,
        fallback: { afterSeconds: 10 },
        keys: [
          { id: "service", hash: keys.service.hash, rights: ["codes", "authenticators"] },
          { id: "browser", hash: keys.browser.hash, kind: "browser", origins: [origin] },
          { id: "operator", hash: keys.operator.hash, rights: ["admin"] },
        ],
      },
      {
        ...application,
        id: "bank",
        policy,
        captcha: { use: "away", require: "always", onFailure: "open" },
        keys: [{ id: "service", hash: keys.bank.hash }],
      },
    ],
    captchas: { away: { kind: "hcaptcha", secret: "secret-of-the-site", baseUrl: "http://127.0.0.1:9" } },
    providers: {
      gateway: { ...webhook, url: `${baseUrl}/gateway`, channels: ["sms", "voice"], receipts: { secrets: [receiptSecret] } },
      broken: { ...webhook, url: `${baseUrl}/broken`, channels: ["sms"] },
    },
    channels: { sms: [{ to: { countries: ["AT"] }, providers: ["broken", "gateway"] }, { providers: ["gateway"] }], voice: ["gateway"] },
    circuitBreaker: { failures: 1, openSeconds: 3_600 },
    receipts: { publicUrl },
    sendLimits: [{ key: "application", windowSeconds: 600, max: 1, action: "record" }],
    pumping: { prefix: { minSample: 1, minNumbers: 1 }, unproven: { minSample: 1 } },
    reload: { everySeconds: 1 },
  };
}

const codeIn = (gateway: Gateway, challengeId: string): string => String(messageOf(gateway, challengeId).code);

function messageOf(gateway: Gateway, challengeId: string): Record<string, unknown> {
  const bodies = gateway.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const message = bodies.find((body) => body.challenge_id === challengeId);
  if (!message) throw new Error(`no message of challenge ${challengeId}`);
  return message;
}

async function callOnEveryWire(eventful: Eventful): Promise<void> {
  const { service, gateway } = eventful;
  for (const wire of service.wires) {
    const challengeId = challengeIdOf(await mustSucceed(wire, sendTo(newPhone())));
    const code = codeIn(gateway, challengeId);
    expect(outcome(await wire.send(verify(challengeId, code === "000000" ? "111111" : "000000")))).toBe("CODE_MISMATCH");
    await mustSucceed(wire, verify(challengeId, code));
    expect(outcome(await wire.send({ method: "SendCode", request: {} }))).toBe("INVALID_ARGUMENT");
    expect(outcome(await wire.send({ ...sendTo(newPhone()), headers: { authorization: "Bearer nobody" } }))).toBe("UNAUTHENTICATED");
    const canceled = challengeIdOf(await mustSucceed(wire, sendTo(newPhone())));
    await mustSucceed(wire, { method: "CancelChallenge", request: { challengeId: canceled } });
  }
  // Hardly a code that is sent there is typed: the guard, which only watches, raises a block, and meets it again.
  for (let last = 10; last < 14; last++) await mustSucceed(service.gRPC, sendTo(`+4915112003${last}0`));
  await until(eventful, "countersign_pumping_blocks{");
  await mustSucceed(service.gRPC, sendTo("+4915112003990"));
}

async function failAndRecover({ service }: Eventful): Promise<void> {
  await mustSucceed(service.gRPC, sendTo("+436641234567"));
  const channels = ["CHANNEL_SMS", "CHANNEL_VOICE"];
  await mustSucceed(service.gRPC, sendTo(newPhone(), { channels, automaticFallback: true }));
}

async function tellReceipts({ service, gateway }: Eventful): Promise<void> {
  const challengeId = challengeIdOf(await mustSucceed(service.gRPC, sendTo(newPhone())));
  const { delivery_id: deliveryId, receipt_url: url } = messageOf(gateway, challengeId);
  const fields = { type: "countersign.receipt", delivery_id: deliveryId, state: "delivered", id: "gateway-1" };
  const here = String(url).replace(publicUrl, `http://${service.http}`);
  for (const secret of [receiptSecret, webhookSecret]) {
    const { method, headers, body } = signGateway(String(url), fields, { secret });
    await fetch(here, { method, headers, ...(body !== undefined && { body }) });
  }
}

async function beRefused({ service, keys }: Eventful): Promise<void> {
  expect(outcome(await service.gRPC.send(sendTo("+14155552671")))).toBe("RECIPIENT_NOT_ALLOWED");
  const browser = connectTo(service, keys.browser.key).JSON;
  await mustSucceed(browser, { ...sendTo("+14155552671"), headers: { origin } });
  const bank = connectTo(service, keys.bank.key).JSON;
  await mustSucceed(bank, sendTo(newPhone(), { captchaToken: "token" }));
}

async function useAuthenticators({ service, keys }: Eventful): Promise<void> {
  const call = (method: string, request: object): Promise<Response> =>
    fetch(`http://${service.http}/countersign.v1.AuthenticatorService/${method}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${keys.service.key}` },
      body: JSON.stringify(request),
    });
  expect((await call("GenerateRecoveryCodes", { subject: "user-1" })).status).toBe(200);
}

async function operate({ admin, keys, file }: Eventful): Promise<void> {
  const transport = createGrpcTransport({
    baseUrl: `http://${admin}`,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${keys.operator.key}`);
        return next(request);
      },
    ],
  });
  const client = createClient(AdminService, transport);
  const answer = client.unlockRecipient({ recipient: { kind: { case: "phoneNumber", value: newPhone() } } });
  await answer.catch((error) => expect(ConnectError.from(error).code).toBe(Code.NotFound));
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("everySeconds: 1", "everySeconds: never"));
}

function newWebhookSecret(byte: number): string {
  return `whsec_${Buffer.alloc(32, byte).toString("base64")}`;
}
