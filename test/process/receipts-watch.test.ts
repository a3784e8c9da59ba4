/** A receipt that one replica took is seen by whoever watches on another. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CodeService, DeliveryState } from "../../src/gen/countersign/v1/code_service_pb.js";
import { post } from "../providers/receipt-signers.ts";
import type { VendorRequest } from "../providers/vendor-server.ts";
import { newPhone, open, timed } from "./calls.ts";
import { stores } from "./databases.ts";
import { newKey } from "./production-config.ts";
import { publicUrl, receiptsConfig, startVendors, type Vendor, vendors } from "./receipts-kit.ts";
import { type Service, startService } from "./service.ts";

/** As long as a change of another replica may stay unseen, and the machine may be busy besides. */
const soonMs = 4_000;

describe.each(stores)("two processes on one database: $name", ({ newUrl }) => {
  const caller = newKey();
  let server: Awaited<ReturnType<typeof startVendors>>;
  let replicas: readonly [Service, Service];
  beforeAll(async () => {
    server = await startVendors();
    const options = { key: caller.key, store: newUrl(), config: receiptsConfig(server.baseUrl, [caller]) };
    replicas = await Promise.all([startService(options), startService(options)]);
  });
  afterAll(() => server.stop());

  it("WatchChallenge shows what the other replica was told", async () => {
    const [here, there] = replicas;
    const vendor = vendors(() => server.baseUrl)[0] as Vendor;
    const to = newPhone();
    const challengeId = await open(there.gRPC, to);
    const request = server.requests.at(-1) as VendorRequest;
    const messages = watch(here, challengeId, caller.key);
    expect(await next(messages)).toEqual([DeliveryState.ACCEPTED]);
    const receipt = await vendor.sign(vendor.urlOf(request), "delivered", { to, request });
    expect((await post(receipt, publicUrl, there.http)).status).toBe(200);
    const delivered = await timed(next(messages));
    expect(delivered.value).toEqual([DeliveryState.DELIVERED]);
    expect(delivered.ms).toBeLessThan(soonMs);
    const failed = await vendor.sign(vendor.urlOf(request), "failed", { to, request });
    expect((await post(failed, publicUrl, here.http)).status).toBe(200);
    expect(await next(messages)).toEqual([DeliveryState.FAILED]);
    await messages.return?.();
  });
});

function watch({ http }: Service, challengeId: string, key: string) {
  const transport = createConnectTransport({ baseUrl: `http://${http}`, httpVersion: "1.1" });
  const headers = { authorization: `Bearer ${key}` };
  return createClient(CodeService, transport).watchChallenge({ challengeId }, { headers })[Symbol.asyncIterator]();
}

async function next(messages: ReturnType<typeof watch>): Promise<DeliveryState[]> {
  const { done, value } = await messages.next();
  if (done) throw new Error("the stream has ended");
  return value.challenge?.deliveries.map(({ state }) => state) ?? [];
}
