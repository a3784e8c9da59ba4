import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminService, BlockKind } from "../../src/gen/countersign/v1/admin_service_pb.js";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import type { Sent } from "../rpc/wire-clients.ts";
import { challengeIdOf, newPhone, outcome, sendTo, verify } from "./calls.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { launch, newSqlite, type Service, seen, startService } from "./service.ts";
import { codeInText } from "./vendors.ts";

let twilio: Awaited<ReturnType<typeof startTwilioServer>>;
let service: Service;
let config: ReturnType<typeof sampleConfig>;
let adminAddress: string;
const store = newSqlite().url;
const [shop, operator, other] = [newKey(), newKey(), newKey()];

beforeAll(async () => {
  twilio = await startTwilioServer();
  config = sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [shop]);
  const [application] = config.applications;
  application?.keys.push({ id: "operator", hash: operator.hash, rights: ["admin"] } as never);
  config.applications.push({
    ...application,
    id: "bank",
    proofAudience: "bank",
    keys: [{ id: "o", hash: other.hash, rights: ["admin"] }],
  } as never);
  service = await startService({ config, store, key: shop.key });
  adminAddress = String((await seen(service, "started")).admin);
});
afterAll(() => twilio.stop());

function adminAs(key: string, address = adminAddress) {
  const transport = createGrpcTransport({
    baseUrl: `http://${address}`,
    interceptors: [
      (next) => (request) => {
        request.header.set("authorization", `Bearer ${key}`);
        return next(request);
      },
    ],
  });
  return createClient(AdminService, transport);
}
const phone = (value: string) => ({ recipient: { kind: { case: "phoneNumber" as const, value } } });
const codeOf = (call: Promise<unknown>): Promise<Code | undefined> =>
  call.then(
    () => undefined,
    (error) => ConnectError.from(error).code,
  );

const ask = async (sent: Sent): Promise<string> => outcome(await service.gRPC.send(sent));

/** Wrong codes until nothing more is compared. */
async function lockOut(number: string): Promise<void> {
  for (let guesses = 0; guesses < 10; ) {
    const sent = await mustSucceed(service.gRPC, sendTo(number));
    for (let each = 0; each < 5; each++, guesses++) await ask(verify(challengeIdOf(sent), wrongFor(number)));
  }
}
const wrongFor = (number: string): string => (codeInText(twilio.requests, number) === "000000" ? "111111" : "000000");

describe("the admin service", () => {
  it("shows a lock, clears it, and shows no code", async () => {
    const number = newPhone();
    await lockOut(number);
    expect(await ask(sendTo(number))).toBe("TOO_MANY_ATTEMPTS");
    const state = await adminAs(operator.key).getRecipient(phone(number));
    expect(state).toMatchObject({ locked: true, failuresInRow: 10, openChallenges: 0 });
    expect(Number(state.unlockTime?.seconds) * 1000).toBeGreaterThan(Date.now());
    expect(JSON.stringify(state, (_, value) => (typeof value === "bigint" ? String(value) : value))).not.toContain(
      codeInText(twilio.requests, number),
    );
    expect(await adminAs(operator.key).unlockRecipient(phone(number))).toMatchObject({ known: true });
    expect(await adminAs(operator.key).getRecipient(phone(number))).toMatchObject({ locked: false, failuresInRow: 0 });
    expect(await ask(sendTo(number))).toBe("OK");
  });

  it("leaves another application's recipients alone", async () => {
    const number = newPhone();
    await lockOut(number);
    expect(await adminAs(other.key).getRecipient(phone(number))).toMatchObject({ locked: false, failuresInRow: 0 });
    expect(await adminAs(other.key).unlockRecipient(phone(number))).toMatchObject({ known: false });
    expect(await adminAs(operator.key).getRecipient(phone(number))).toMatchObject({ locked: true });
  });

  it("erases all there is of a recipient", async () => {
    const number = newPhone();
    const sent = await mustSucceed(service.gRPC, sendTo(number));
    expect(await adminAs(operator.key).eraseRecipient(phone(number))).toMatchObject({ known: true });
    expect(await ask(verify(challengeIdOf(sent), codeInText(twilio.requests, number)))).toBe("CHALLENGE_NOT_FOUND");
    expect(await adminAs(operator.key).eraseRecipient(phone(number))).toMatchObject({ known: false });
  });

  it("blocks a prefix at once, lists it, and ends the block", async () => {
    const number = newPhone();
    const prefix = number.slice(0, -3);
    const admin = adminAs(operator.key);
    const { block } = await admin.blockPrefix({ prefix, duration: { seconds: 600n } });
    expect(block).toMatchObject({ place: prefix, cause: "operator", enforced: true, level: 1 });
    expect(await ask(sendTo(number))).toBe("RATE_LIMITED");
    const listed = async () => (await admin.listBlocks({})).blocks.find(({ place }) => place === prefix);
    await expect.poll(listed, { timeout: 5_000 }).toMatchObject({ hits: 1n });
    expect((await adminAs(other.key).listBlocks({})).blocks).toEqual([]);
    expect(await admin.endBlock({ kind: BlockKind.PREFIX, place: prefix })).toMatchObject({ ended: true });
    expect(await ask(sendTo(number))).toBe("OK");
  });

  it("asks for the right, and is nowhere but on its own listener", async () => {
    expect(await codeOf(adminAs(shop.key).getRecipient(phone(newPhone())))).toBe(Code.PermissionDenied);
    expect(await codeOf(adminAs(newKey().key).getRecipient(phone(newPhone())))).toBe(Code.Unauthenticated);
    expect(await codeOf(adminAs(operator.key, service.grpc).getRecipient(phone(newPhone())))).toBe(Code.Unimplemented);
  });

  it.each([
    ["no recipient", () => adminAs(operator.key).unlockRecipient({})],
    ["a number that is none", () => adminAs(operator.key).getRecipient(phone("+1"))],
    ["a prefix with letters", () => adminAs(operator.key).blockPrefix({ prefix: "+49x", duration: { seconds: 600n } })],
    ["a block without end", () => adminAs(operator.key).blockPrefix({ prefix: "+49" })],
    ["a negative page", () => adminAs(operator.key).listBlocks({ pageSize: -1 })],
    ["no kind", () => adminAs(operator.key).endBlock({ place: "+49" })],
  ])("refuses %s", async (_, call) => {
    expect(await codeOf(call())).toBe(Code.InvalidArgument);
  });

  it("writes every act into the audit log, with the key and without the number", async () => {
    const number = newPhone();
    await adminAs(operator.key).unlockRecipient(phone(number));
    const lastAct = () => service.log().findLast(({ event }) => event === "admin_acted");
    await expect.poll(lastAct).toMatchObject({ act: "unlock_recipient", application: "shop", keyId: "operator", reason: "OK" });
    expect(service.stdout()).not.toContain(number);
  });
});

describe("an operator's commands", () => {
  const run = async (...args: string[]) => {
    const launched = launch({ config, store }, args);
    const { code } = await launched.exited;
    return { code, stdout: launched.stdout(), stderr: launched.stderr() };
  };

  it("show and clear a lock on the store of a running service", async () => {
    const number = newPhone();
    await lockOut(number);
    expect(await run("lock", "shop", number)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/: locked until \d{4}-.*Z\n10 wrong guesses that count, 10 in a row/),
    });
    const unlocked = await run("unlock", "shop", number);
    expect(unlocked).toMatchObject({ code: 0, stdout: "Unlocked.\n", stderr: expect.stringContaining('"act":"unlock_recipient"') });
    expect(unlocked.stderr).not.toContain(number);
    expect(await ask(sendTo(number))).toBe("OK");
  });

  it("list blocks and end them", async () => {
    const prefix = newPhone().slice(0, -4);
    expect(await run("block", "shop", prefix, "--minutes", "5")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${prefix}  operator  refuses  level 1`),
    });
    expect(JSON.parse((await run("blocks", "shop", "--json")).stdout)).toContainEqual(
      expect.objectContaining({ label: prefix, kind: "prefix" }),
    );
    expect(await run("unblock", "shop", "prefix", prefix)).toMatchObject({ code: 0, stdout: "The block is ended.\n" });
    expect(await run("blocks", "shop")).toMatchObject({ code: 0, stdout: expect.not.stringContaining(prefix) });
  });

  it.each([
    [["lock", "shop"], /RECIPIENT is missing/],
    [["lock", "nobody", "+4915112345678"], /There is no application "nobody": shop, bank/],
    [["unblock", "shop", "planet", "x"], /KIND is one of prefix, dial_code, network/],
    [["block", "shop", "+49"], /--minutes 60/],
  ])("%s is misused", async (args, message) => {
    expect(await run(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  });
});
