import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { aProofKey } from "../config/production.ts";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { newPhone, outcome, sendTo } from "./calls.ts";
import { stores } from "./databases.ts";
import { newKey, newSecret, sampleConfig } from "./production-config.ts";
import { type Rotating, startHonest, startRotating } from "./rotation-kit.ts";
import { connectTo, newSqlite } from "./service.ts";
import { codeInText } from "./vendors.ts";

// Services that start, and many calls, beside all the other tests.
vi.setConfig({ testTimeout: 180_000 });

type Config = ReturnType<typeof sampleConfig>;
const caller = newKey();
let twilio: Awaited<ReturnType<typeof startTwilioServer>>;

beforeAll(async () => {
  twilio = await startTwilioServer();
  return () => twilio.stop();
});

const codeSentTo = (to: string): string => codeInText(twilio.requests, to);
const start = (): Config => sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [caller]);
const loadOn = ({ wires }: Rotating, more: object = {}) => startHonest({ wires: () => wires, codeSentTo, ...more });

describe.each(stores)("keys of code hashes, on two replicas under load: $name", ({ newUrl }) => {
  it("a second one, promoted, and the old one dropped: no call fails, and codes verify across every step", async () => {
    const config = start();
    const [old, fresh] = [
      { id: "old", secret: newSecret() },
      { id: "new", secret: newSecret() },
    ];
    const withKeys = (...codeKeys: object[]) => ({ ...config, secrets: { ...config.secrets, codeKeys } });
    const rotating = await startRotating({ config: withKeys(old), store: newUrl(), key: caller.key, replicas: 2 });
    const load = loadOn(rotating);
    await load.until(30);
    for (const keys of [[old, fresh], [fresh, old], [fresh]]) {
      await rotating.reload(withKeys(...keys));
      await load.until(30);
    }
    // Among them codes that were sent before the first step, whose key is in no configuration any more.
    expect(await load.verifyHeld()).toBeGreaterThan(10);
    await load.stop();
    expect(rotating.count("code_keys_kept")).toBe(2);
    expect(rotating.count("fault")).toBe(0);
  });
});

describe("keys of code hashes, in the wrong order", () => {
  it("replaced at once: what was sent before still verifies in the process that sent it, and the log warns", async () => {
    const config = start();
    const rotating = await startRotating({ config, store: newSqlite().url, key: caller.key });
    const load = loadOn(rotating);
    await load.until(30);
    await rotating.reload({ ...config, secrets: { ...config.secrets, codeKeys: [{ id: "other", secret: newSecret() }] } });
    await load.until(30);
    expect(await load.verifyHeld()).toBeGreaterThan(2);
    await load.stop();
    const warnings = rotating.services[0]?.log().filter(({ event }) => event === "configuration_warning") ?? [];
    expect(JSON.stringify(warnings)).toMatch(/secrets\.codeKeys no longer has 2025-01: this process still verifies by it/);
  });
});

describe("keys of callers under load", () => {
  it("two at once, and the old one dropped when its last user has the new one", async () => {
    const config = start();
    const next = newKey();
    const [shop] = config.applications;
    const withKeys = (...keys: { hash: string }[]) => ({
      ...config,
      applications: [{ ...shop, keys: keys.map(({ hash }) => ({ id: `key-${hash.slice(7, 15)}`, hash })) }],
    });
    const rotating = await startRotating({ config: withKeys(caller), store: newSqlite().url, key: caller.key });
    const [service] = rotating.services;
    if (!service) throw new Error("no service");
    let wires = rotating.wires;
    const load = startHonest({ wires: () => wires, codeSentTo });
    await load.until(30);
    await rotating.reload(withKeys(caller, next));
    await load.until(30);
    const renewed = connectTo(service, next.key);
    const before = wires;
    wires = [renewed.gRPC, renewed.JSON];
    await load.until(30);
    await rotating.reload(withKeys(next));
    await load.until(30);
    await load.verifyHeld();
    await load.stop();
    expect(outcome(await (before[0] as (typeof before)[number]).send(sendTo(newPhone())))).toMatch(/UNAUTHENTICATED|CALLER/);
  });
});

describe("keys of proofs under load", () => {
  it("published before it signs, and dropped after: verifiers that fetch keys only between steps accept every proof", async () => {
    const config = start();
    const [old, fresh] = [aProofKey("old"), aProofKey("new", "next")];
    const withKeys = (...keys: object[]) => ({ ...config, proofs: { issuer: "https://otp.example.com", ttlSeconds: 300, keys } });
    const rotating = await startRotating({ config: withKeys(old), store: newSqlite().url, key: caller.key });
    const [service] = rotating.services;
    const fetchKeys = async () => (await (await fetch(`http://${service?.http}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
    let known = createLocalJWKSet(await fetchKeys());
    const signers = new Map<string, number>();
    const load = loadOn(rotating, {
      async onVerified({ proofToken }: { proofToken: string }) {
        const { protectedHeader } = await jwtVerify(proofToken, known, { issuer: "https://otp.example.com", audience: "shop" });
        signers.set(String(protectedHeader.kid), (signers.get(String(protectedHeader.kid)) ?? 0) + 1);
      },
    });
    await load.until(30);
    const previous = { ...old, status: "previous" };
    const current = { ...fresh, status: "current" };
    for (const keys of [[old, fresh], [previous, current], [current]]) {
      // Verifiers have the keys of the step before, as from a cache.
      await rotating.reload(withKeys(...keys));
      await load.until(30);
      known = createLocalJWKSet(await fetchKeys());
    }
    await load.until(30);
    await load.verifyHeld();
    await load.stop();
    expect([...signers.keys()]).toEqual(["old", "new"]);
    expect((await fetchKeys()).keys.map(({ kid }) => kid)).toEqual(["new"]);
  });
});

describe("credentials of a provider under load", () => {
  it("the new ones while the vendor takes both: nothing is refused, and the old ones are used no more", async () => {
    const config = start();
    const withToken = (authToken: string) => ({
      ...config,
      providers: { "twilio-main": { ...config.providers["twilio-main"], authToken } },
    });
    const rotating = await startRotating({ config: withToken("old-token"), store: newSqlite().url, key: caller.key });
    const used = () =>
      twilio.requests.map(
        ({ headers }) =>
          Buffer.from((headers.authorization ?? "").slice(6), "base64")
            .toString()
            .split(":")[1],
      );
    twilio.state.behaviour = { kind: "answer", status: 201, body: '{"sid":"SM0","status":"queued"}' };
    onTestFinished(() => {
      twilio.state.behaviour = { kind: "api" };
    });
    twilio.requests.length = 0;
    const load = loadOn(rotating);
    await load.until(30);
    expect(new Set(used())).toEqual(new Set(["old-token"]));
    await rotating.reload(withToken("new-token"));
    await load.until(10);
    const at = twilio.requests.length;
    await load.until(30);
    expect(new Set(used().slice(at))).toEqual(new Set(["new-token"]));
    await load.stop();
  });
});
