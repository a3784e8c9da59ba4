import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { cases, complete, runCase, summary, type World } from "../rpc/cases.ts";
import { inputCases } from "../rpc/cases-input.ts";
import type { Received } from "../rpc/wire-clients.ts";
import { badFields } from "./bad-values.ts";
import { codeOf, inbox, newPhone, open, outcome, sendTo, verify } from "./calls.ts";
import { newKey } from "./production-config.ts";
import { readRows } from "./rows.ts";
import { newSqlite, type Service, startService } from "./service.ts";

const caller = newKey();
const store = newSqlite();
let service: Service;

beforeAll(async () => {
  const keys = JSON.stringify([{ id: "test", hash: caller.hash }]);
  service = await startService({ store: store.url, key: caller.key, env: { COUNTERSIGN__applications__0__keys: keys } });
});

/** What a refusal must leave as it was. */
const everything = async () => ({ rows: readRows(store.path), inbox: await inbox(service) });

describe("bad input", () => {
  it("of the table: the same answer on every wire, nothing written, nothing sent", async () => {
    const before = await everything();
    for (const each of inputCases) await holds(each);
    expect(await everything()).toEqual(before);
  });

  it("in every field: INVALID_ARGUMENT with its name, no guess spent, nothing written, nothing sent", async () => {
    const to = newPhone();
    const challengeId = await open(service.gRPC, to);
    const before = await everything();
    const bad = badFields(newPhone(), challengeId);
    expect(bad.length).toBeGreaterThan(150);
    for (const { name, field, sent, encoding } of bad) {
      for (const wire of encoding ? [service.JSON] : service.wires) {
        const received = await wire.send(sent);
        expect({ name, wire: wire.name, ...named(received, field) }).toEqual({
          name,
          wire: wire.name,
          code: "INVALID_ARGUMENT",
          names: true,
        });
      }
    }
    expect(await everything()).toEqual(before);
    expect(await service.gRPC.send(verify(challengeId, await codeOf([service], challengeId)))).toMatchObject({ code: "OK" });
    expect(readRows(store.path)).not.toEqual(before.rows);
  });

  it("the names of JavaScript's own properties are keys like any other, or refused", async () => {
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      for (const wire of [service.JSON, service.gRPC]) {
        const to = newPhone();
        const json = `{"recipient":{"phoneNumber":"${to}"},"binding":{"${key}":"x"}}`;
        const received = await wire.send({ method: "SendCode", json, binary: sendWithBinding(to, key) });
        if (received.code === "INVALID_ARGUMENT") continue;
        const { challengeId } = (received.response as { challenge: { challengeId: string } }).challenge;
        const unbound = await wire.send(verify(challengeId, await codeOf([service], challengeId)));
        expect({ key, wire: wire.name, outcome: outcome(unbound) }).toEqual({ key, wire: wire.name, outcome: "BINDING_MISMATCH" });
      }
    }
  });

  it("bytes and texts at random never find a fault of ours", async () => {
    const challengeId = await open(service.gRPC, newPhone());
    const random = sequence(20_250_101);
    const texts = [
      JSON.stringify(sendTo("+4915112345678", { binding: { a: "b" }, channels: ["CHANNEL_SMS"] }).request),
      JSON.stringify(verify(challengeId, "0000", { binding: { a: "b" } }).request),
    ];
    for (let round = 0; round < 300; round++) {
      const method = round % 2 ? "VerifyCode" : "SendCode";
      const json = garble(Buffer.from(texts[round % 2] ?? ""), random);
      const binary = garble(round % 2 ? Buffer.from([10, 4, 97, 98, 99, 100, 18, 4, 48, 49, 50, 51]) : sendWithBinding("+49", "a"), random);
      for (const wire of service.wires) {
        const { code, message } = await wire.send({ method, json, binary });
        expect(["INTERNAL", "UNKNOWN", ""], `${wire.name} ${message} ${json} ${binary.toString("hex")}`).not.toContain(code);
      }
    }
    expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
  });

  it("what grows when it is unpacked, or nests without end, is refused at once", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, " "));
    const headers = { "content-encoding": "gzip" };
    const received = await service.JSON.send({ method: "SendCode", json: bomb, headers });
    expect(received).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "MESSAGE_TOO_LARGE" });
    for (const json of [
      "[".repeat(16_000),
      `{"recipient":${'{"recipient":'.repeat(1_200)}`,
      `{"binding":${"[".repeat(8_000)}${"]".repeat(8_000)}}`,
    ])
      expect((await service.JSON.send({ method: "SendCode", json })).code).toBe("INVALID_ARGUMENT");
  });
});

describe("the whole table against the service as it runs", () => {
  const world: World = {
    newPhoneNumber: newPhone,
    codeSentTo: async (to) => (await inbox(service, to))[0]?.code ?? "",
  };
  it.each(cases.filter(({ send }) => typeof send === "function").map((each) => [each.name, each] as const))("%s", (_, each) =>
    holds(each, world),
  );

  it("and never with a fault of ours", () => {
    expect(service.log().filter(({ event }) => event === "fault")).toEqual([]);
    expect(service.stderr()).toBe("");
  });
});

async function holds(each: (typeof cases)[number], world: World = { newPhoneNumber: newPhone, codeSentTo: async () => "" }): Promise<void> {
  const expected = complete(each.expect);
  for (const wire of service.wires.filter(({ encoding }) => !each.encoding || each.encoding === encoding)) {
    const received = nameDeadline(await runCase(each, wire, world));
    expect({ case: each.name, wire: wire.name, ...summary(received, expected) }).toEqual({ case: each.name, wire: wire.name, ...expected });
  }
}

const named = ({ code, violations }: Received, field: string) => ({
  code,
  names: violations.length > 0 && violations.every((violation) => new RegExp(`^${field}\\b`).test(violation.field)),
});

/** The deadline is the one field whose name is that of the wire's own header. */
const nameDeadline = (received: Received): Received => ({
  ...received,
  violations: received.violations.map((each) =>
    /^(grpc-timeout|connect-timeout-ms)$/.test(each.field) ? { ...each, field: "timeout" } : each,
  ),
});

function sendWithBinding(to: string, key: string): Buffer {
  const text = (field: number, value: string | Buffer) =>
    Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), Buffer.from(value)]);
  return Buffer.concat([text(1, text(1, to)), text(4, Buffer.concat([text(1, key), text(2, "x")]))]);
}

/** The same on every run, so that what is found can be found again (xorshift32). */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A few bytes changed, taken out, put in or doubled. */
function garble(bytes: Buffer, random: (below: number) => number): Buffer {
  let garbled = Buffer.from(bytes);
  for (let change = random(3); change >= 0; change--) {
    const at = random(garbled.length + 1);
    const inserted = [Buffer.from([random(256)]), Buffer.alloc(0), garbled.subarray(at, at + random(8))][random(3)] ?? Buffer.alloc(0);
    garbled = Buffer.concat([garbled.subarray(0, at), inserted, garbled.subarray(at + random(2))]);
  }
  return garbled;
}
