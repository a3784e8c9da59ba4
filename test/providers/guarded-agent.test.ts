import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { createGuardedAgent } from "../../src/providers/guarded-agent.ts";
import { createHttpSms } from "../../src/providers/http-sms.ts";
import { httpSmsConfig } from "../../src/providers/http-sms-config.ts";
import { isPublicAddress } from "../../src/providers/public-address.ts";
import { createWebhook } from "../../src/providers/webhook.ts";
import { webhookConfig } from "../../src/providers/webhook-config.ts";
import { type Gateway, startGateway } from "./gateway-server.ts";
import { patience, smsMessage } from "./messages.ts";
import { makeCertificate } from "./smtp-server.ts";

let plain: Gateway;
let secured: Gateway;
const open: ClosableProvider[] = [];

beforeAll(async () => {
  const answer = () => ({ status: 200, body: "{}" });
  plain = await startGateway({ answer });
  secured = await startGateway({ answer, tls: makeCertificate() });
});
beforeEach(() => {
  plain.requests.length = 0;
});
afterAll(async () => {
  for (const provider of open) await provider.close();
  await plain.stop();
  await secured.stop();
});

type Where = { readonly url: string; readonly allowPrivateHosts?: readonly string[]; readonly lookup: LookupFunction };

/** The two kinds whose server the operator chooses. */
const kinds = {
  webhook({ lookup, ...more }: Where): ClosableProvider {
    const secrets = [`whsec_${Buffer.alloc(32, 3).toString("base64")}`];
    const config = webhookConfig.parse({ kind: "webhook", channels: ["sms"], secrets, timeoutSeconds: 1, ...more });
    return createWebhook("own", config, { now: Date.now, lookup });
  },
  "http-sms"({ lookup, ...more }: Where): ClosableProvider {
    const config = httpSmsConfig.parse({ kind: "http-sms", form: { to: "{to}", text: "{text}" }, timeoutSeconds: 1, ...more });
    return createHttpSms("regional", config, { lookup });
  },
};
const names = Object.keys(kinds) as readonly (keyof typeof kinds)[];

async function send(kind: keyof typeof kinds, where: Where, onWritten?: () => void) {
  const provider = kinds[kind](where);
  open.push(provider);
  return provider.send(smsMessage, patience(), onWritten);
}

/** A name server that answers in turn, and with the last of its answers from then on. */
function answering(...answers: readonly (readonly string[])[]): LookupFunction {
  let turn = 0;
  return (_host, { all }, done) => {
    const found: LookupAddress[] = (answers[turn] ?? []).map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    turn = Math.min(turn + 1, answers.length - 1);
    if (all) done(null, found);
    else done(null, found[0]?.address ?? "", found[0]?.family);
  };
}

const urlOf = ({ port }: Gateway, scheme = "https") => `${scheme}://gateway.example:${port}/send`;
const refused = { outcome: "retryable", failure: "unreachable", vendorCode: "address_refused" };

const special: readonly (readonly string[])[] = [
  ["127.0.0.1"],
  ["::ffff:127.0.0.1"],
  ["::1"],
  ["10.0.0.1", "192.168.0.1"],
  ["169.254.169.254"],
  ["fd00:ec2::254"],
  ["100.64.0.1"],
  ["224.0.0.1"],
  ["0.0.0.0"],
  ["fe80::1"],
];

test.each(names.flatMap((kind) => special.map((addresses) => [kind, addresses] as const)))(
  "%s does not connect to a name that stands for %j",
  async (kind, addresses) => {
    const before = secured.state.connections;
    expect(await send(kind, { url: urlOf(secured), allowPrivateHosts: ["other.example"], lookup: answering(addresses) })).toEqual(refused);
    expect(secured.state.connections).toBe(before);
  },
);

test.each(names)("%s: nor to one that was public when it was looked at, and is this machine when it is connected to", async (kind) => {
  const before = secured.state.connections;
  const lookup = answering(["93.184.216.34"], ["127.0.0.1"]);
  const seen = await new Promise<string>((resolve) => lookup("gateway.example", {}, (_error, address) => resolve(String(address))));
  expect(isPublicAddress(seen)).toBe(true);
  expect(await send(kind, { url: urlOf(secured), lookup })).toEqual(refused);
  expect(secured.state.connections).toBe(before);
});

test.each(names)("%s connects to a private address of a host that is allowed by name, in whatever case", async (kind) => {
  const url = urlOf(plain, "http").replace("gateway", "Gateway");
  const result = await send(kind, { url, allowPrivateHosts: ["gateway.EXAMPLE"], lookup: answering(["127.0.0.1"]) });
  expect(result).toEqual({ outcome: "accepted" });
  expect(plain.requests[0]?.headers.host).toBe(`gateway.example:${plain.port}`);
});

test.each(names)("%s tells when a request has left, and only then", async (kind) => {
  const written = vi.fn();
  const settings = { url: urlOf(plain, "http"), allowPrivateHosts: ["gateway.example"] };
  await send(kind, { ...settings, lookup: answering(["8.8.8.8"]) }, written);
  expect(written).not.toHaveBeenCalled();
  await send(kind, { ...settings, lookup: answering(["127.0.0.1"]) }, written);
  expect(written).toHaveBeenCalledTimes(1);
});

test.each(names)("%s does not connect unencrypted to a public address, whatever is allowed", async (kind) => {
  const lookup = answering(["93.184.216.34", "2606:4700::1"]);
  expect(await send(kind, { url: urlOf(plain, "http"), allowPrivateHosts: ["gateway.example"], lookup })).toEqual(refused);
});

test.each(names)("%s: a name server that never answers costs the time that was given", async (kind) => {
  expect(await send(kind, { url: urlOf(secured), lookup: () => {} })).toEqual({ outcome: "retryable", failure: "timeout" });
});

test("of several addresses those are left that may be connected to", async () => {
  const lookup = answering(["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1"]);
  const agent = createGuardedAgent({ url: new URL("https://gateway.example"), privateAllowed: false, lookup });
  const guarded = (agent as unknown as { options: { lookup: LookupFunction } }).options.lookup;
  const all = await new Promise((resolve) => guarded("gateway.example", { all: true }, (_error, found) => resolve(found)));
  expect(all).toEqual([
    { address: "8.8.8.8", family: 4 },
    { address: "2606:4700::1", family: 6 },
  ]);
  const one = await new Promise((resolve) => guarded("gateway.example", {}, (_error, address, family) => resolve([address, family])));
  expect(one).toEqual(["8.8.8.8", 4]);
});
