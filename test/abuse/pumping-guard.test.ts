import { afterEach, expect, test } from "vitest";
import { type BlockTable, openBlockTable } from "../../src/abuse/block-table.ts";
import { defaultThresholds, type PumpingSettings } from "../../src/abuse/judge-traffic.ts";
import { createPumpingGuard } from "../../src/abuse/pumping-guard.ts";
import type { Admission, SendAsk } from "../../src/otp/guard-ports.ts";
import type { Recipient } from "../../src/otp/types.ts";
import { application } from "../otp/fixture.ts";
import { createMemoryTraffic } from "./memory-traffic.ts";

const minute = 60_000;
const tables: BlockTable[] = [];
afterEach(async () => {
  await Promise.all(tables.splice(0).map((table) => table.close()));
});

async function guardOf(
  mode: PumpingSettings["mode"],
  memory = createMemoryTraffic({ now: 1_800_000_000_000 }),
  clock = { now: 1_800_000_000_000 },
) {
  const blocks = await openBlockTable({ store: memory.store, refreshMs: 5, onFault: fail });
  tables.push(blocks);
  const suspected: object[] = [];
  const guard = createPumpingGuard(
    {
      store: memory.store,
      blocks,
      keyOf: (...parts) => parts.join("|"),
      dialCodeOf: (e164) => e164.slice(0, 3),
      networkOf: (address) => `${address.split(".").slice(0, 3).join(".")}.0/24`,
      now: () => clock.now,
      events: {
        placeBlocked: (block) => suspected.push({ blocked: block.label, cause: block.cause }),
        sendSuspected: (event) => suspected.push(event),
      },
      onFault: fail,
    },
    { mode, thresholds: defaultThresholds, blockLengthsMs: [15 * minute, 60 * minute] },
  );
  /** Asks and, where it may, sends; answers with the admission. */
  const send = async (value: string, more: { kind?: "service" | "browser"; ipAddress?: string } = {}): Promise<Admission> => {
    const client = { ipAddress: more.ipAddress ?? "", deviceId: "", userAgent: "" };
    const recipient: Recipient = { kind: value.includes("@") ? "email" : "phone", value };
    const caller = { application, kind: more.kind ?? "service", rights: ["codes"], keyId: "" } as const;
    const ask: SendAsk = { caller, recipient, ledger: "l", channel: "sms", purpose: "login", occasion: "send", client, captchaToken: "" };
    const admission = await guard.admit(ask, AbortSignal.timeout(1000));
    if (admission.outcome === "admitted") admission.confirm?.();
    await guard.settled();
    return admission;
  };
  const verify = async (value: string) => {
    guard.verified({
      application: application.id,
      recipient: { kind: "phone", value },
      client: { ipAddress: "", deviceId: "", userAgent: "" },
      channel: "sms",
    });
    await guard.settled();
  };
  return { send, verify, suspected, memory, clock };
}

const fail = (cause: unknown): never => {
  throw cause;
};
const number = (index: number): string => `+491701${String(index * 37).padStart(6, "0")}`;
const inPrefix = (index: number): string => `+49170123${String(index * 97).padStart(4, "0")}`;

test("a prefix that nobody verifies in gets eight messages, and then none", async () => {
  const { send, suspected } = await guardOf("enforce");
  const outcomes = [];
  for (let index = 0; index < 30; index++) outcomes.push((await send(inPrefix(index))).outcome);
  expect(outcomes.filter((outcome) => outcome === "admitted")).toHaveLength(8);
  expect(suspected[0]).toEqual({ blocked: "+49170123", cause: "low_conversion" });
  const refused = await send(inPrefix(31));
  expect(refused).toMatchObject({ refusal: { reason: "RATE_LIMITED", metadata: { scope: "prefix" }, retryAfterMs: 15 * minute } });
  expect(await send("+4915112345678")).toMatchObject({ outcome: "admitted" });
});

test("a browser is not told", async () => {
  const { send } = await guardOf("enforce");
  for (let index = 0; index < 8; index++) await send(inPrefix(index));
  expect(await send(inPrefix(9), { kind: "browser" })).toEqual({
    outcome: "suppressed",
    why: "blocked prefix",
  });
});

test("in shadow mode everything is sent, and the same is said", async () => {
  const [enforcing, watching] = [await guardOf("enforce"), await guardOf("shadow")];
  for (let index = 0; index < 12; index++) {
    await enforcing.send(inPrefix(index));
    expect(await watching.send(inPrefix(index))).toMatchObject({ outcome: "admitted" });
  }
  const without = (events: object[]) => events.map((event) => ({ ...event, enforced: undefined }));
  expect(without(watching.suspected)).toEqual(without(enforcing.suspected));
  expect(watching.suspected).toHaveLength(1 + 4);
});

test("people who type their codes notice nothing", async () => {
  const { send, verify, suspected } = await guardOf("enforce");
  for (let index = 0; index < 60; index++) {
    expect(await send(number(index))).toMatchObject({ outcome: "admitted" });
    if (index % 4 !== 0) await verify(number(index));
  }
  expect(suspected).toEqual([]);
});

test("another replica learns of a block, which is over when its time is up, and then longer", async () => {
  const memory = createMemoryTraffic({ now: 1_800_000_000_000 });
  const one = await guardOf("enforce", memory);
  const other = await guardOf("enforce", memory);
  for (let index = 0; index < 8; index++) await one.send(inPrefix(index));
  await expect.poll(async () => (await other.send(inPrefix(20))).outcome).toBe("refused");
  const [block] = memory.blocks.values();
  expect(block).toMatchObject({ level: 1, label: "+49170123", enforced: true });
  other.clock.now += 15 * minute;
  expect(await other.send(inPrefix(21))).toMatchObject({ outcome: "admitted" });
});

test("emails cost nothing by the message, and are not asked about", async () => {
  const { send, memory } = await guardOf("enforce");
  for (let index = 0; index < 30; index++) expect(await send(`a${index}@example.com`)).toEqual({ outcome: "admitted" });
  expect(memory.traffic.size).toBe(0);
});

test("any beginning of a number can be blocked by an operator", async () => {
  const memory = createMemoryTraffic({ now: 1_800_000_000_000 });
  const key = ["shop", "prefix", "+4917"].join("|");
  await memory.store.raiseBlock({
    key,
    application: "shop",
    kind: "prefix",
    label: "+4917",
    cause: "operator",
    enforced: true,
    lengthsMs: [minute],
  });
  const { send } = await guardOf("shadow", memory);
  expect(await send(number(1))).toMatchObject({ outcome: "refused" });
  expect(await send("+4415112345678")).toMatchObject({ outcome: "admitted" });
});
