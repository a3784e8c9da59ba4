/** What the records of the adapter hold together, and what falls apart without them. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Call } from "../../adapters/twilio-verify/call.ts";
import { createCountersign } from "../../adapters/twilio-verify/countersign.ts";
import { checkVerification } from "../../adapters/twilio-verify/other-routes.ts";
import { readSend } from "../../adapters/twilio-verify/parameters.ts";
import { createCrypt } from "../../adapters/twilio-verify/records.ts";
import { startVerification } from "../../adapters/twilio-verify/start-verification.ts";
import { openRecordStore } from "../../adapters/twilio-verify/store.ts";
import type { RecordStore } from "../../adapters/twilio-verify/store-port.ts";
import { inbox, newPhone } from "../process/calls.ts";
import { stores } from "../process/databases.ts";
import { type Service, startService } from "../process/service.ts";
import { accountSid, serviceSid } from "./adapter.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});

const memory = () => openRecordStore("sqlite::memory:", Date.now);

const callOn = (store: RecordStore): Call => ({
  store,
  crypt: createCrypt(Buffer.alloc(32, 1)),
  countersign: createCountersign(`http://${service.http}`),
  now: Date.now,
  owner: { accountSid, serviceSid },
  key: "",
  path: "/",
  baseUrl: "http://127.0.0.1",
});

function asked(to: string, more: Readonly<Record<string, string>> = {}) {
  const read = readSend(new URLSearchParams({ To: to, Channel: "sms", ...more }), { ip: undefined, device: undefined }, new Set());
  if (!read.ok) throw new Error(JSON.stringify(read.answer));
  return read.value;
}

const codesOf = async (to: string): Promise<string[]> => (await inbox(service, to)).map(({ code }) => code);

/** Eight at once for one recipient: the SIDs that they were given, and the messages that went out. */
async function storm(store: RecordStore) {
  const to = newPhone();
  const answers = await Promise.all(Array.from({ length: 8 }, () => startVerification(callOn(store), asked(to))));
  const sids = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body.sid));
  return { sids: sids.size, messages: (await codesOf(to)).length };
}

describe("starting a verification", () => {
  test("eight at once are one verification and one message", async () => {
    expect(await storm(await memory())).toEqual({ sids: 1, messages: 1 });
  });

  test("a store that writes whatever the version is seen to break that", async () => {
    const store = await memory();
    let writers = 0;
    const swap: RecordStore["swap"] = async (key, _expected, next) => {
      await sleep(20 * writers++);
      return store.swap(key, (await store.get(key))?.version, next);
    };
    expect((await storm({ ...store, swap })).messages).toBeGreaterThan(1);
  });

  test("a crash between the send and its record costs no second message, and the code that was sent is good", async () => {
    const store = await memory();
    const to = newPhone();
    const swap: RecordStore["swap"] = async (key, expected, next) => {
      if (next?.challengeId) throw new Error("crashed");
      return store.swap(key, expected, next);
    };
    await expect(startVerification(callOn({ ...store, swap }), asked(to))).rejects.toThrow("crashed");
    expect((await startVerification(callOn(store), asked(to))).status).toBe(201);
    const codes = await codesOf(to);
    expect(codes).toHaveLength(1);
    const checked = await checkVerification(callOn(store), new URLSearchParams({ To: to, Code: codes[0] ?? "" }));
    expect(checked.body).toMatchObject({ status: "approved", valid: true });
  });

  test("a crash, and then another channel: a new verification, whose code is good", async () => {
    const store = await memory();
    const to = newPhone();
    const swap: RecordStore["swap"] = async (key, expected, next) => {
      if (next?.challengeId) throw new Error("crashed");
      return store.swap(key, expected, next);
    };
    await expect(startVerification(callOn({ ...store, swap }), asked(to))).rejects.toThrow("crashed");
    expect((await startVerification(callOn(store), asked(to, { Channel: "call" }))).body).toMatchObject({ channel: "call" });
    const [newest] = await codesOf(to);
    const checked = await checkVerification(callOn(store), new URLSearchParams({ To: to, Code: newest ?? "" }));
    expect(checked.body).toMatchObject({ status: "approved" });
  });

  test("by two channels at once: one verification, and the newest code is good", async () => {
    const store = await memory();
    const to = newPhone();
    const answers = await Promise.all(
      ["sms", "call", "sms", "call"].map((Channel) => startVerification(callOn(store), asked(to, { Channel }))),
    );
    const started = answers.filter(({ status }) => status === 201);
    expect(new Set(started.map(({ body }) => body.sid)).size).toBe(1);
    expect(answers.filter((each) => !started.includes(each)).every(({ body }) => body.code === 60203)).toBe(true);
    const codes = await codesOf(to);
    expect(codes).toHaveLength(1);
    const checked = await checkVerification(callOn(store), new URLSearchParams({ To: to, Code: codes[0] ?? "" }));
    expect(checked.body).toMatchObject({ sid: started[0]?.body.sid, status: "approved" });
  });

  test("a check whose answer was lost is asked again and still approved", async () => {
    const store = await memory();
    const to = newPhone();
    const call = callOn(store);
    await startVerification(call, asked(to));
    let lost = 0;
    const countersign: Call["countersign"] = async (key, ask) => {
      const outcome = await call.countersign(key, ask);
      const unreachable = { reason: "UNREACHABLE", message: "", metadata: {}, violations: [] };
      return lost++ === 0 ? { ok: false, refusal: unreachable } : outcome;
    };
    const [code = ""] = await codesOf(to);
    const checked = await checkVerification({ ...call, countersign }, new URLSearchParams({ To: to, Code: code }));
    expect([checked.body.status, lost]).toEqual(["approved", 2]);
  });

  test("records sealed with another secret are replaced, not believed", async () => {
    const store = await memory();
    const to = newPhone();
    const call = callOn(store);
    const first = await startVerification(call, asked(to));
    const record = await store.get(call.crypt.keyOf(call.owner, `phone:${to}`));
    if (!record) throw new Error("there is no record");
    const foreign = createCrypt(Buffer.alloc(32, 2)).seal(record.key, { to: "+10000000000", channel: "sms", amount: "", payee: "" });
    await store.swap(record.key, record.version, { ...record, version: "x", sealed: foreign });
    expect((await checkVerification(call, new URLSearchParams({ To: to, Code: "123456" }))).status).toBe(404);
    const second = await startVerification(call, asked(to));
    expect([second.status, second.body.sid === first.body.sid]).toEqual([201, false]);
  });
});

describe.each(stores)("the records on $name", ({ newUrl }) => {
  const record = (version: string) => ({ key: "k", version, nonce: "n", challengeId: "", sealed: "s", startedAt: 1_900_000_000_000 });

  test("of writers at once, who all read the same, one wins", async () => {
    const url = newUrl();
    const both = await Promise.all([openRecordStore(url, Date.now), openRecordStore(url, Date.now)]);
    const writers = ["a", "b", "c", "d", "e", "f"].map((version, index) => ({ version, store: both[index % 2] as RecordStore }));
    const swapAll = (expected: string | undefined) =>
      Promise.all(writers.map(({ version, store }) => store.swap("k", expected, record(`${expected}${version}`))));
    expect((await swapAll(undefined)).filter(Boolean)).toHaveLength(1);
    const first = await both[0].get("k");
    expect((await swapAll(first?.version)).filter(Boolean)).toHaveLength(1);
    const second = await both[1].get("k");
    expect(second?.version).not.toBe(first?.version);
    expect(await both[0].get("k")).toEqual(second);
    expect(await both[0].swap("k", first?.version, undefined)).toBe(false);
    expect(await both[0].swap("k", second?.version, undefined)).toBe(true);
    expect(await both[1].get("k")).toBeUndefined();
    expect(await both[1].swap("k", "gone", record("late"))).toBe(false);
    await Promise.all(both.map((store) => store.close()));
  });
});
