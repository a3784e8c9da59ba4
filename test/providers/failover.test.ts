import net from "node:net";
import { setTimeout } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { no, ok } from "../otp/fixture.ts";
import type { Behaviour } from "./twilio-server.ts";
import { startTwoAccounts } from "./two-accounts.ts";
import { json, startVendorServer } from "./vendor-server.ts";

/** What the first account does, who had a request for it, and what is recorded and told. */
type Case = readonly [name: string, behaviour: Behaviour, requests: readonly [main: number, spare: number], delivery: object];

const bySpare = { state: "accepted", provider: "spare", failure: "" };
const unknown = (failure: string) => ({ state: "unknown", provider: "main", failure });

describe("the second account has the message after a definite no of the first, and after nothing else:", () => {
  test.for<Case>([
    ["accepted", { kind: "api" }, [1, 0], { state: "accepted", provider: "main" }],
    ["bad credentials", { kind: "refuse", status: 401, code: 20003 }, [1, 1], bySpare],
    ["throttled", { kind: "refuse", status: 429, code: 20429 }, [1, 1], bySpare],
    ["out of funds", { kind: "refuse", status: 400, code: 20005 }, [1, 1], bySpare],
    ["a sender it does not know", { kind: "refuse", status: 400, code: 21606 }, [1, 1], bySpare],
    ["a text it does not take", { kind: "refuse", status: 400, code: 21617 }, [1, 1], bySpare],
    ["a reason nobody knows", { kind: "refuse", status: 400, code: 99999 }, [1, 1], bySpare],
    ["an internal error", { kind: "refuse", status: 500 }, [1, 0], unknown("provider_error")],
    ["a malformed answer", { kind: "answer", status: 201, body: "<html>" }, [1, 0], unknown("provider_error")],
    ["a huge answer", { kind: "huge" }, [1, 0], unknown("provider_error")],
    ["a redirect", { kind: "answer", status: 307, body: "", headers: { location: "/" } }, [1, 0], unknown("provider_error")],
    ["a reset after the request", { kind: "reset" }, [1, 0], unknown("unreachable")],
    ["a reset within the answer", { kind: "reset_in_answer" }, [1, 0], unknown("unreachable")],
    ["no answer", { kind: "hang" }, [1, 0], unknown("timeout")],
    ["an answer that drips", { kind: "drip" }, [1, 0], unknown("timeout")],
  ])("%s", async ([, behaviour, requests, delivery]) => {
    const f = await startTwoAccounts();
    f.servers.main.state.behaviour = behaviour;
    const challenge = await ok(f.send());
    expect([f.servers.main.requests.length, f.servers.spare.requests.length]).toEqual(requests);
    expect(challenge.deliveries).toMatchObject([delivery]);
    expect((await ok(f.get(challenge.challengeId))).deliveries).toMatchObject([delivery]);
  });

  test.for([
    ["a bad number", 21211, "recipient_refused"],
    ["a recipient who opted out", 21610, "recipient_opted_out"],
  ] as const)("%s", async ([, code, failure]) => {
    const f = await startTwoAccounts();
    f.servers.main.state.behaviour = { kind: "refuse", status: 400, code };
    const refusal = await no(f.send());
    expect(refusal).toMatchObject({ reason: "DELIVERY_FAILED", metadata: { failure } });
    expect(refusal.retryAfterMs).toBeUndefined();
    expect([f.servers.main.requests.length, f.servers.spare.requests.length]).toEqual([1, 0]);
    const [ledger] = f.ledgers.values();
    const deliveries = Object.values(ledger?.challenges ?? {}).flatMap((challenge) => Object.values(challenge.deliveries));
    expect(deliveries).toMatchObject([{ state: "failed", provider: "main", failure }]);
  });

  test.for([
    ["one that may be back", 429, 401, 5_000],
    ["none that ever would", 401, 401, undefined],
  ] as const)("nobody takes it, %s", async ([, first, second, retryAfterMs]) => {
    const f = await startTwoAccounts();
    f.servers.main.state.behaviour = { kind: "refuse", status: first };
    f.servers.spare.state.behaviour = { kind: "refuse", status: second };
    const refusal = await no(f.send());
    expect(refusal).toMatchObject({ reason: "DELIVERY_FAILED", metadata: { failure: "credentials_refused" } });
    expect(refusal.retryAfterMs).toBe(retryAfterMs);
  });

  test("a connection refused", async () => {
    const f = await startTwoAccounts({ main: { baseUrl: "http://127.0.0.1:1" } });
    expect((await ok(f.send())).deliveries).toMatchObject([bySpare]);
  });

  // These three again, since a busy machine may hold one try up.
  test("a handshake that hangs, within a share of the caller's time", { retry: 3 }, async () => {
    const silent = net.createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const { port } = silent.address() as net.AddressInfo;
    const f = await startTwoAccounts({ main: { baseUrl: `https://127.0.0.1:${port}`, timeoutSeconds: 8 } });
    const started = performance.now();
    const challenge = await ok(f.send({}, { ...f.call, remainingMs: () => 2_400 }));
    expect(challenge.deliveries).toMatchObject([bySpare]);
    expect(performance.now() - started).toBeGreaterThan(1_000);
    expect(performance.now() - started).toBeLessThan(2_400);
  });
});

test("an answer that comes after the share, and in the caller's time, counts", { retry: 3 }, async () => {
  const late = await startVendorServer(async () => {
    await setTimeout(1_500);
    return json(201, { sid: `SM${"a".repeat(32)}`, status: "queued" });
  });
  onTestFinished(() => late.stop());
  const f = await startTwoAccounts({ main: { baseUrl: late.baseUrl, timeoutSeconds: 8 } });
  const challenge = await ok(f.send({}, { ...f.call, remainingMs: () => 2_600 }));
  expect(challenge.deliveries).toMatchObject([{ state: "accepted", provider: "main" }]);
  expect([late.requests.length, f.servers.spare.requests.length]).toEqual([1, 0]);
});

test("a provider that drips is ended in time to tell the caller so", { retry: 3 }, async () => {
  const f = await startTwoAccounts({ main: { timeoutSeconds: 8 } });
  f.servers.main.state.behaviour = { kind: "drip" };
  const started = performance.now();
  const challenge = await ok(f.send({}, { ...f.call, remainingMs: () => 2_000 }));
  expect(challenge.deliveries).toMatchObject([unknown("timeout")]);
  expect(performance.now() - started).toBeGreaterThan(1_700);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(f.servers.spare.requests).toHaveLength(0);
});

test("a burst beyond a provider's limit goes to the other one, each message once", async () => {
  const f = await startTwoAccounts({ main: { perSecond: 5 } });
  const to = (index: number) => ({ recipient: { kind: "phone", value: `+491511${1_000_000 + index}` } as const });
  const call = { ...f.call, remainingMs: () => 3_000 };
  const sent = await Promise.all(Array.from({ length: 60 }, (_, index) => ok(f.send(to(index), call))));
  expect(sent.flatMap(({ deliveries }) => deliveries.map(({ state }) => state))).toEqual(Array(60).fill("accepted"));
  expect([...f.received().values()]).toEqual(Array(60).fill(1));
  // At once 5, one second later 5 more, and what waited for longer than its share of 1350 ms went elsewhere.
  expect(f.servers.main.requests).toHaveLength(10);
  expect(f.servers.spare.requests).toHaveLength(50);
  expect(f.changes).toEqual([]);
});
