import { beforeAll, expect, it } from "vitest";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { stores } from "./databases.ts";
import { startPatient } from "./patient-load.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { patient } from "./rotation-kit.ts";
import { freePort, type Service, startService, writeConfig } from "./service.ts";
import { codeInText } from "./vendors.ts";

const caller = newKey();
let twilio: Awaited<ReturnType<typeof startTwilioServer>>;

beforeAll(async () => {
  twilio = await startTwilioServer();
  return () => twilio.stop();
});

it.each(stores)(
  "two replicas, restarted in turn under load: who tries UNAVAILABLE again never fails: $name",
  { timeout: 240_000 },
  async ({ newUrl }) => {
    const store = newUrl();
    const file = writeConfig(sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [caller]));
    const addresses = await Promise.all(
      [0, 1].map(async () => ({ grpc: `127.0.0.1:${await freePort()}`, http: `127.0.0.1:${await freePort()}` })),
    );
    const startAt = ({ grpc, http }: { grpc: string; http: string }): Promise<Service> =>
      startService({
        store,
        key: caller.key,
        env: { ...patient, COUNTERSIGN_CONFIG: file, COUNTERSIGN_GRPC_ADDR: grpc, COUNTERSIGN_HTTP_ADDR: http },
      });
    const replicas = await Promise.all(addresses.map(startAt));
    // These go on, to whoever listens at the same addresses.
    const load = startPatient({
      wires: replicas.flatMap((service) => [service.gRPC, service.JSON]),
      codeSentTo: (to) => codeInText(twilio.requests, to),
    });
    await load.until(40);
    for (const [index, address] of addresses.entries()) {
      expect(await (replicas[index] as Service).stop("SIGTERM")).toMatchObject({ code: 0 });
      // By the other one alone.
      await load.until(20);
      replicas[index] = await startAt(address);
      await load.until(40);
    }
    await load.stop();
    // The restarts were felt, or this has shown nothing.
    expect(load.again()).toBeGreaterThan(0);
    expect(replicas.flatMap((service) => service.log().filter(({ event }) => event === "fault"))).toEqual([]);
  },
);
