import { setImmediate, setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { ok } from "../otp/fixture.ts";
import { startGate } from "./gate.ts";
import { startTwilioServer } from "./twilio-server.ts";
import { startTwoAccounts } from "./two-accounts.ts";

const width = 32;
const openMs = 300;

/** The service with a first account that can go away, and sends to a new number each time, so many at once. */
async function startLoad() {
  const server = await startTwilioServer();
  const gate = await startGate(server.baseUrl);
  onTestFinished(() => server.stop());
  onTestFinished(() => gate.shut());
  const f = await startTwoAccounts({ main: { baseUrl: gate.baseUrl, timeoutSeconds: 5 }, circuitBreaker: { failures: 5, openMs } });
  let next = 1_000_000;
  const sendOne = async () => {
    const recipient = { kind: "phone", value: `+491511${next++}` } as const;
    const { deliveries } = await ok(f.send({ recipient }));
    return { to: recipient.value, state: deliveries[0]?.state, provider: deliveries[0]?.provider };
  };
  const send = async (count: number) => {
    const results: Awaited<ReturnType<typeof sendOne>>[] = [];
    let left = count;
    const worker = async () => {
      while (left-- > 0) results.push(await sendOne());
    };
    await Promise.all(Array.from({ length: width }, worker));
    return results;
  };
  const received = () => {
    const counts = new Map<string, number>();
    for (const { fields } of [...server.requests, ...f.servers.spare.requests])
      counts.set(fields.To ?? "", (counts.get(fields.To ?? "") ?? 0) + 1);
    return counts;
  };
  return { f, gate, server, send, received };
}

const share = (results: readonly { provider: string | undefined; state: string | undefined }[], provider: string) =>
  results.filter((each) => each.provider === provider && each.state === "accepted").length / results.length;

// Again, since on a busy machine a call's own deadline can end in the middle of its message.
test("while the first account is away the second delivers, nobody gets two messages, and when it is back so is the traffic", {
  retry: 2,
}, async () => {
  const { f, gate, server, send, received } = await startLoad();
  expect(share(await send(300), "main")).toBe(1);

  await gate.shut();
  // Until idle connections are seen to be gone, however long this process was held up; what is written to one is the other test's.
  await setTimeout(1_000);
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  const away = await send(3_000);
  const astray = away.filter(({ provider, state }) => provider !== "spare" || state !== "accepted");
  const atMost = away.length / 1_000;
  expect(astray.slice(atMost)).toEqual([]);
  expect(f.changes).toEqual(["main DE open"]);

  await gate.open();
  await setTimeout(openMs);
  const back = await send(1_000);
  // What came while one message was the probe went to the second account.
  expect(share(back.slice(500), "main")).toBe(1);
  expect(share(back, "main") + share(back, "spare")).toBe(1);
  expect(f.changes).toEqual(["main DE open", "main DE closed"]);

  const counts = received();
  expect([...counts.values()].filter((count) => count > 1)).toEqual([]);
  expect(counts.size).toBe(4_300);
  expect(server.requests.length + f.servers.spare.requests.length).toBe(4_300);
});

test("when it goes away in the middle, what was under way there is unknown and is not sent again", async () => {
  const { gate, send, received } = await startLoad();
  const sending = send(2_000);
  await setTimeout(250);
  await gate.shut();
  const results = await sending;
  const unknown = results.filter(({ state }) => state === "unknown");
  // Those on their way, and at most one more of each sender, written to a kept connection before it was seen to be gone.
  expect(unknown.length).toBeLessThanOrEqual(2 * width);
  expect(results.filter(({ state }) => state === "accepted")).toHaveLength(results.length - unknown.length);
  expect(share(results, "main")).toBeGreaterThan(0);
  expect(share(results, "spare")).toBeGreaterThan(0);
  const counts = received();
  expect([...counts.values()].filter((count) => count > 1)).toEqual([]);
  for (const { to, state } of results) if (state === "accepted") expect(counts.get(to)).toBe(1);
});
