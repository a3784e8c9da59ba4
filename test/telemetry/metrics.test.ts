import { describe, expect, it } from "vitest";
import type { SendAsk, SendGuard } from "../../src/otp/guard-ports.ts";
import type { Events } from "../../src/otp/ports.ts";
import { StoreUnavailable } from "../../src/otp/refusal.ts";
import type { Store } from "../../src/otp/store-ports.ts";
import { createEvents } from "../../src/telemetry/events.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";

const now = () => 1_000_000;
const silent = () => createEvents(createLog({ level: "silent" }).logger);
const series = async ({ registry }: ReturnType<typeof createMetrics>, name: string): Promise<string[]> =>
  (await registry.metrics()).split("\n").filter((line) => line.startsWith(`countersign_${name}`));

const ask = (of: { readonly value?: string; readonly application?: string; readonly purpose?: string } = {}): SendAsk =>
  ({
    caller: { application: { id: of.application ?? "shop" }, kind: "service", rights: [], keyId: "" },
    recipient: { kind: "phone", value: of.value ?? "+4915112345678" },
    ledger: "l",
    channel: "sms",
    purpose: of.purpose ?? "login",
    occasion: "send",
    client: { ipAddress: "", deviceId: "", userAgent: "" },
    captchaToken: "",
  }) as unknown as SendAsk;

const admitting: SendGuard = { admit: async () => ({ outcome: "admitted" }) };
const noTraffic = { verified: () => {}, delivered: () => {} };
const client = { ipAddress: "", deviceId: "", userAgent: "" };

describe("calls", () => {
  it("are counted by reason when they end, and are in flight until then", async () => {
    const metrics = createMetrics(now);
    const ended = metrics.observeCall({ rpc: "countersign.v1.CodeService/SendCode", wire: "json", isStream: false });
    expect(await series(metrics, "requests_in_flight{")).toEqual([
      'countersign_requests_in_flight{rpc="CodeService/SendCode",wire="json"} 1',
    ]);
    ended("RATE_LIMITED");
    expect(await series(metrics, "requests_in_flight{")).toEqual([
      'countersign_requests_in_flight{rpc="CodeService/SendCode",wire="json"} 0',
    ]);
    expect(await series(metrics, "requests_total")).toEqual([
      'countersign_requests_total{rpc="CodeService/SendCode",wire="json",reason="RATE_LIMITED"} 1',
    ]);
  });

  it.each([
    ["OK", "ok"],
    ["CODE_MISMATCH", "refused"],
    ["STORE_UNAVAILABLE", "failed"],
    ["OVERLOADED", "failed"],
    ["CANCELED", "canceled"],
  ])("that end with %s took their time as %s", async (reason, outcome) => {
    const metrics = createMetrics(now);
    metrics.observeCall({ rpc: "a.B/C", wire: "grpc", isStream: false })(reason);
    expect(await series(metrics, "request_duration_seconds_count")).toEqual([
      `countersign_request_duration_seconds_count{rpc="B/C",wire="grpc",outcome="${outcome}"} 1`,
    ]);
  });

  it("that are streams have no duration, which would be their watcher's patience", async () => {
    const metrics = createMetrics(now);
    metrics.observeCall({ rpc: "a.B/Watch", wire: "grpc", isStream: true })("OK");
    expect(await series(metrics, "request_duration_seconds_count")).toEqual([]);
  });
});

describe("the store", () => {
  const storeOf = (verbs: Partial<Store>): Store => verbs as Store;

  it("is counted by verb and by what it decides, and answers as before", async () => {
    const metrics = createMetrics(now);
    const store = metrics.countStore(
      storeOf({ verify: async () => ({ status: "mismatch", attemptsRemaining: 3 }) as never, ping: async () => {} }),
    );
    expect(await store.verify({} as never)).toEqual({ status: "mismatch", attemptsRemaining: 3 });
    await store.ping();
    expect(await series(metrics, "store_operations_total")).toEqual([
      'countersign_store_operations_total{verb="verify",outcome="mismatch"} 1',
      'countersign_store_operations_total{verb="ping",outcome="ok"} 1',
    ]);
    expect(await series(metrics, "store_operations_in_flight")).toEqual(["countersign_store_operations_in_flight 0"]);
  });

  it("is down from an operation that it did not answer until one that it did, and rejects as before", async () => {
    const metrics = createMetrics(now);
    const failure = new StoreUnavailable(new Error("no primary"));
    let isAway = true;
    const store = metrics.countStore(
      storeOf({
        ping: async () => {
          if (isAway) throw failure;
        },
      }),
    );
    await expect(store.ping()).rejects.toBe(failure);
    expect(await series(metrics, "store_up")).toEqual(["countersign_store_up 0"]);
    expect(await series(metrics, "store_operations_total")).toEqual([
      'countersign_store_operations_total{verb="ping",outcome="unavailable"} 1',
    ]);
    isAway = false;
    await store.ping();
    expect(await series(metrics, "store_up")).toEqual(["countersign_store_up 1"]);
  });

  it("tells of a failure in one operation without being down", async () => {
    const metrics = createMetrics(now);
    const store = metrics.countStore(storeOf({ ping: () => Promise.reject(new Error("a bug")) }));
    await expect(store.ping()).rejects.toThrow("a bug");
    expect(await series(metrics, "store_up")).toEqual(["countersign_store_up 1"]);
    expect(await series(metrics, "store_operations_total")).toEqual(['countersign_store_operations_total{verb="ping",outcome="failed"} 1']);
  });

  it("shows the blocks that were listed last, and none that has ended", async () => {
    const metrics = createMetrics(now);
    const block = { kind: "prefix", cause: "low_conversion", enforced: true };
    const listed = [[block, block], []];
    const store = metrics.countStore(storeOf({ listBlocks: async () => (listed.shift() ?? []) as never }));
    await store.listBlocks({ limit: 10 });
    expect(await series(metrics, "pumping_blocks")).toEqual([
      'countersign_pumping_blocks{kind="prefix",cause="low_conversion",enforced="true"} 2',
    ]);
    await store.listBlocks({ limit: 10 });
    expect(await series(metrics, "pumping_blocks")).toEqual([]);
  });
});

describe("conversion", () => {
  const located = {
    countryOf: (to: string) => (to.startsWith("+49") ? "DE" : undefined),
    isSandbox: (_: string, { value }: { value: string }) => value === "+491",
  };

  it("counts a message when it is sent, and not when it was only asked for", async () => {
    const metrics = createMetrics(now);
    const { guard } = metrics.countGuard({ guard: admitting, traffic: noTraffic }, located);
    const admission = await guard.admit(ask(), new AbortController().signal);
    expect(await series(metrics, "messages_sent_total")).toEqual([]);
    if (admission.outcome === "admitted") admission.confirm?.();
    expect(await series(metrics, "messages_sent_total")).toEqual([
      'countersign_messages_sent_total{channel="sms",country="DE",occasion="send"} 1',
    ]);
  });

  it("counts a verified code by the channel it came by, and none of the sandbox", async () => {
    const metrics = createMetrics(now);
    const { traffic } = metrics.countGuard({ guard: admitting, traffic: noTraffic }, located);
    const verified = (recipient: { kind: "phone" | "email"; value: string }) =>
      traffic.verified({ application: "shop", recipient, client, channel: "sms" });
    for (const value of ["+492", "+491", "+800"]) verified({ kind: "phone", value });
    verified({ kind: "email", value: "a@example.com" });
    expect(await series(metrics, "codes_verified_total")).toEqual([
      'countersign_codes_verified_total{channel="sms",country="DE"} 1',
      'countersign_codes_verified_total{channel="sms",country="other"} 1',
      'countersign_codes_verified_total{channel="sms",country="none"} 1',
    ]);
  });

  it("keeps what a guard's admission can do besides", async () => {
    const done: string[] = [];
    const inner: SendGuard = {
      admit: async () => ({
        outcome: "admitted",
        confirm: () => void done.push("confirm"),
        release: async () => void done.push("release"),
      }),
    };
    const { guard } = createMetrics(now).countGuard({ guard: inner, traffic: noTraffic }, located);
    const admission = await guard.admit(ask(), new AbortController().signal);
    if (admission.outcome !== "admitted") throw new Error("it was admitted");
    admission.confirm?.();
    await admission.release?.();
    expect(done).toEqual(["confirm", "release"]);
  });
});

describe("what callers can write", () => {
  it("makes no series, however much of it there is", async () => {
    const metrics = createMetrics(now);
    const events = metrics.countEvents(silent());
    const { guard } = metrics.countGuard({ guard: admitting, traffic: noTraffic }, { countryOf: (to) => `${to}`, isSandbox: () => false });
    const round = async (at: number): Promise<void> => {
      const what = {
        application: `app-${at % 3}`,
        reason: "OK",
        challengeId: `challenge-${at}`,
        recipient: `+49•••${at}`,
        purpose: `purpose-${at}`,
      } as const;
      for (const name of ["codeSent", "codeResent", "codeVerified", "codeFellBack", "challengeCanceled", "proofRedeemed"] as const)
        events[name](what);
      events.messageHandled({
        application: what.application,
        challengeId: what.challengeId,
        channel: "sms",
        provider: "main",
        durationMs: at,
        result: { outcome: "retryable", failure: "provider_error", vendorCode: `vendor-${at}` },
      });
      const receipt = { application: what.application, challengeId: what.challengeId, provider: "main", vendorCode: `vendor-${at}` };
      events.receiptTaken({ ...receipt, state: "failed", failure: "recipient_refused" });
      events.receiptRefused({ provider: "main", outcome: "forged", why: `because ${at}` });
      events.deliveryNotRecorded({ challengeId: what.challengeId, cause: new Error(String(at)) });
      events.sendSuppressed({ application: what.application, channel: "sms", why: `because ${at}` });
      events.adminActed({ act: "block_prefix", application: what.application, keyId: `key-${at}`, on: `+49${at}`, reason: "OK" });
      metrics.countAuthenticators({ authenticatorChanged: () => {}, secretUnreadable: () => {} }).authenticatorChanged({
        act: "enrol",
        application: what.application,
        keyId: `key-${at}`,
        subject: `subject-${at}`,
        kind: "totp",
        authenticator: `authenticator-${at}`,
        reason: "OK",
      });
      metrics.observeCall({ rpc: "countersign.v1.CodeService/SendCode", wire: "grpc", isStream: false })("OK");
      const admission = await guard.admit(
        ask({ value: `+${at}`, application: what.application, purpose: what.purpose }),
        new AbortController().signal,
      );
      if (admission.outcome === "admitted") admission.confirm?.();
    };
    const sizes: number[] = [];
    for (let at = 0; at < 1_000; at++) {
      await round(at);
      if (at === 9 || at === 999) sizes.push((await series(metrics, "")).length);
    }
    expect(sizes[1]).toBe(sizes[0]);
    expect((await metrics.registry.metrics()).match(/="[^"]*(because|challenge-|subject-|vendor-|purpose-|key-\d)/g)).toBeNull();
  });
});

describe("events", () => {
  it("are told to the log as before, all of them", () => {
    const told: string[] = [];
    const events = new Proxy(
      {},
      {
        ownKeys: () => Object.keys(silent()),
        get: (_, name) => () => told.push(String(name)),
        getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
      },
    ) as Events;
    const counted = createMetrics(now).countEvents(events) as unknown as Record<string, (event: object) => void>;
    const anything = { result: { outcome: "accepted" }, application: "a", reason: "OK", provider: "p", channel: "sms", durationMs: 1 };
    const names = Object.keys(silent());
    for (const name of names) counted[name]?.(anything);
    expect(told).toEqual(names);
    expect(names.length).toBeGreaterThan(10);
  });
});

describe("what a configuration shows", () => {
  it("is that of the one in use: what is gone from it is gone", async () => {
    const metrics = createMetrics(now);
    const provider = { name: "main", waiting: 2, openCountries: ["DE", ""] };
    metrics.show(() => ({ providers: [provider], keys: [{ use: "code", id: "a", position: 0 }], certificates: [] }));
    expect(await series(metrics, "circuit_open{")).toEqual([
      'countersign_circuit_open{provider="main",country="DE"} 1',
      'countersign_circuit_open{provider="main",country="none"} 1',
    ]);
    metrics.show(() => ({
      providers: [{ ...provider, waiting: 0, openCountries: [] }],
      keys: [{ use: "code", id: "b", position: 0 }],
      certificates: [],
    }));
    expect(await series(metrics, "circuit_open{")).toEqual([]);
    expect(await series(metrics, "circuits_open{")).toEqual(['countersign_circuits_open{provider="main"} 0']);
    expect(await series(metrics, "provider_waiting{")).toEqual(['countersign_provider_waiting{provider="main"} 0']);
    expect(await series(metrics, "key_info{")).toEqual(['countersign_key_info{use="code",id="b",position="0"} 1']);
  });

  it("says whether the configuration that was read last is in use, and since when", async () => {
    let at = 1_000_000;
    const metrics = createMetrics(() => at);
    const told = async () => [
      ...(await series(metrics, "configuration_last_reload_successful")),
      ...(await series(metrics, "configuration_last_reload_timestamp")),
    ];
    at = 2_000_000;
    metrics.reloaded("refused");
    expect(await told()).toEqual([
      "countersign_configuration_last_reload_successful 0",
      "countersign_configuration_last_reload_timestamp_seconds 1000",
    ]);
    metrics.reloaded("unchanged");
    expect((await told())[0]).toBe("countersign_configuration_last_reload_successful 1");
    metrics.reloaded("applied");
    expect(await told()).toEqual([
      "countersign_configuration_last_reload_successful 1",
      "countersign_configuration_last_reload_timestamp_seconds 2000",
    ]);
  });
});
