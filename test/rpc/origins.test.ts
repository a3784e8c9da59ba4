import { afterAll, beforeAll, expect, it } from "vitest";
import { createAuthenticate, hashKey } from "../../src/rpc/auth.ts";
import { application } from "../otp/fixture.ts";
import { startWires, useCasesThat } from "./fixture.ts";
import { type WireClient, wireClients } from "./wire-clients.ts";

const origins = ["https://app.example.com", "https://shop.example.com:8443"];
const noted = { ok: false, refusal: { reason: "CODE_EXPIRED", message: "noted" } } as const;

let service: Awaited<ReturnType<typeof startWires>>;
let wires: readonly WireClient[];

beforeAll(async () => {
  const caller = { application, kind: "browser", rights: ["codes"], keyId: "page", origins } as const;
  service = await startWires({
    useCases: useCasesThat({
      getChallenge: async () => noted,
      watchChallenge: async function* () {
        yield noted;
      },
    }),
    authenticate: createAuthenticate([{ hash: hashKey("page"), caller }]),
    origins,
  });
  wires = wireClients(service.addresses, "page");
});
afterAll(async () => {
  for (const wire of wires) wire.close();
  await service.close();
});

it.each(["GetChallenge", "WatchChallenge"] as const)("a key of certain pages works on those, by %s on every wire", async (method) => {
  const ask = async (headers: Record<string, string>) =>
    Promise.all(wires.map(async (wire) => (await wire.send({ method, request: { challengeId: "c" }, headers })).reason));
  const refused = wires.map(() => "CALLER_NOT_ALLOWED");
  expect(wires).toHaveLength(4);
  for (const origin of origins) expect(await ask({ origin })).toEqual(wires.map(() => "CODE_EXPIRED"));
  for (const origin of [
    "https://evil.example",
    "https://app.example.com.evil.example",
    "http://app.example.com",
    "https://APP.example.com",
    "null",
  ])
    expect(await ask({ origin })).toEqual(refused);
  // As services call, by gRPC too.
  expect(await ask({})).toEqual(refused);
  expect(await ask({ referer: `${origins[0]}/login` })).toEqual(refused);
});
