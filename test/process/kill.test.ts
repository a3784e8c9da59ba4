/** `kill -9` when the vendor has the message and nothing is written of it yet: where a second message is paid, or a code is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { post } from "../providers/receipt-signers.ts";
import type { VendorRequest } from "../providers/vendor-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { challengeCall, challengeIdOf, outcome, parallel, sendTo, tally, verify } from "./calls.ts";
import { stores } from "./databases.ts";
import { newKey } from "./production-config.ts";
import { publicUrl, receiptsConfig, startVendors, type Vendor, vendors } from "./receipts-kit.ts";
import { type Service, startService } from "./service.ts";

/** How long whoever took a send is believed to be at work: a call's longest deadline and 5 s. */
const leaseMs = 20_000;

describe.concurrent.each(stores)("killed between the vendor's yes and the record of it: $name", ({ newUrl }) => {
  const caller = newKey();
  const vendor = vendors(() => server.baseUrl)[0] as Vendor;
  let server: Awaited<ReturnType<typeof startVendors>>;
  let service: Service;
  let messages: readonly { readonly to: string; readonly challengeId: string; readonly url: string; readonly request: VendorRequest }[];
  const numbers = ["+4915112345601", "+4915112345602", "+4915112345603"];
  const texts = (to: string) => server.requests.map(({ body }) => new URLSearchParams(body)).filter((fields) => fields.get("To") === to);
  const codesTo = (to: string) => texts(to).map((fields) => /^(\d{6})/.exec(fields.get("Body") ?? "")?.[1] ?? "");
  const keyed = (to: string) => sendTo(to, { idempotencyKey: `once-${to}` });

  beforeAll(async () => {
    server = await startVendors();
    const options = { key: caller.key, store: newUrl(), config: receiptsConfig(server.baseUrl, [caller]) };
    const killed = await startService(options);
    server.state.behaviour = { kind: "hang" };
    const lost = Promise.allSettled(numbers.map((to) => killed.JSON.send(keyed(to))));
    await vi.waitFor(() => expect(server.state.messages).toBe(numbers.length), { timeout: 10_000 });
    await killed.stop("SIGKILL");
    await lost;
    server.state.behaviour = { kind: "api" };
    service = await startService(options);
    messages = numbers.map((to) => {
      const request = server.requests.find(({ body }) => new URLSearchParams(body).get("To") === to) as VendorRequest;
      const url = vendor.urlOf(request);
      const [, challengeId = ""] = /\/shop\.([\w-]{36})\./.exec(url) ?? [];
      return { to, challengeId, url, request };
    });
  }, 60_000);
  afterAll(() => server.stop());

  const stateOf = async (challengeId: string): Promise<string[]> => {
    const { challenge } = await mustSucceed(service.gRPC, challengeCall("GetChallenge", challengeId));
    return (challenge as { deliveries: { state: string }[] }).deliveries.map(({ state }) => state);
  };

  it("reads as unknown, is sent by nobody, and a retry with its key is safe", { timeout: 60_000 }, async () => {
    const [silent, told, receipted] = messages as unknown as readonly [(typeof messages)[0], (typeof messages)[0], (typeof messages)[0]];
    // While its sender may be at work, nobody takes over.
    expect(await stateOf(silent.challengeId)).toEqual(["DELIVERY_STATE_SENDING"]);
    expect(outcome(await service.JSON.send(keyed(silent.to)))).toBe("REQUEST_IN_PROGRESS");
    // A receipt settles it at any time.
    const early = await post(await vendor.sign(receipted.url, "delivered", receipted), publicUrl, service.http);
    expect(early.status).toBe(200);
    expect(await stateOf(receipted.challengeId)).toEqual(["DELIVERY_STATE_DELIVERED"]);
    await sleep(leaseMs);
    for (const { challengeId } of [silent, told]) expect(await stateOf(challengeId)).toEqual(["DELIVERY_STATE_UNKNOWN"]);
    expect(numbers.map((to) => texts(to).length)).toEqual([1, 1, 1]);
    // Nor after it: the code that arrived is still the one that counts.
    const late = await post(await vendor.sign(told.url, "delivered", told), publicUrl, service.http);
    expect(late.status).toBe(200);
    expect(await stateOf(told.challengeId)).toEqual(["DELIVERY_STATE_DELIVERED"]);
    // What is known to have arrived is not sent again.
    for (const { to, challengeId } of [told, receipted]) {
      const answers = await parallel(4, service.wires, () => keyed(to));
      expect(tally(answers)).toEqual({ OK: 4 });
      expect(texts(to)).toHaveLength(1);
      expect(await mustSucceed(service.gRPC, verify(challengeId, codesTo(to)[0] ?? ""))).toMatchObject({ challengeId });
    }
    // What nobody knows of is sent once more for a caller who asks, however often it asks, and the first code is void.
    const answers = await parallel(8, service.wires, () => keyed(silent.to));
    const { OK = 0, REQUEST_IN_PROGRESS = 0, ...others } = tally(answers);
    expect(others).toEqual({});
    expect(OK).toBeGreaterThan(0);
    expect(OK + REQUEST_IN_PROGRESS).toBe(8);
    const ids = answers.flatMap(({ response }) => (response ? [challengeIdOf(response)] : []));
    expect(new Set(ids)).toEqual(new Set([silent.challengeId]));
    expect(texts(silent.to)).toHaveLength(2);
    const [first = "", second = ""] = codesTo(silent.to);
    if (first !== second) expect(outcome(await service.JSON.send(verify(silent.challengeId, first)))).toBe("CODE_MISMATCH");
    expect(outcome(await service.JSON.send(verify(silent.challengeId, second)))).toBe("OK");
  });
});
