import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { stringify } from "yaml";
import { CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { challengeIdOf, newPhone, outcome, sendTo, verify } from "./calls.ts";
import { checkHealth } from "./health.ts";
import { type Key, newKey, newSecret, sampleConfig } from "./production-config.ts";
import { countOf } from "./rotation-kit.ts";
import { connectTo, launch, newFolder, newSqlite, type Service, seen, startService } from "./service.ts";
import { startSlowVendor } from "./slow-vendor.ts";
import { codeInText } from "./vendors.ts";

// Services that start, and many calls, beside all the other tests.
vi.setConfig({ testTimeout: 180_000 });

const timeout = 30_000;
const [first, second] = [newKey(), newKey()];

async function start(baseUrl: string, env: Record<string, string> = {}) {
  const file = join(newFolder(), "countersign.yaml");
  const document = { ...sampleConfig({ twilio: { baseUrl } }, [first]), reload: { watch: false } };
  const write = (change: object): void =>
    writeFileSync(file, typeof change === "string" ? change : stringify({ ...document, ...change }), { mode: 0o600 });
  write({});
  const service = await startService({ store: newSqlite().url, key: first.key, env: { ...env, COUNTERSIGN_CONFIG: file } });
  const hangUp = async (event: string): Promise<void> => {
    const before = countOf(service, event);
    service.child.kill("SIGHUP");
    await expect.poll(() => countOf(service, event), { timeout }).toBe(before + 1);
  };
  const { codeKeys } = document.secrets as unknown as { readonly codeKeys: readonly object[] };
  return {
    service,
    file,
    document,
    codeKeys,
    write,
    hangUp,
    withKeys: (...keys: Key[]) => ({ applications: sampleConfig({ twilio: { baseUrl } }, keys).applications }),
  };
}

const works = async (service: Service, key: string): Promise<string> =>
  outcome(
    await connectTo(service, key).JSON.send({ method: "GetChallenge", request: { challengeId: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }),
  );

describe("SIGHUP", () => {
  it("takes the changed file: the next call is by it, one under way ends by the last, streams go on", async () => {
    const vendor = await startSlowVendor();
    const f = await start(vendor.baseUrl);
    const call = f.service.gRPC.send(sendTo(newPhone()));
    await vendor.holds(1);
    // The number's key is gone from the configuration when the vendor answers, and the vendor too.
    f.write({ ...f.withKeys(second), log: { level: "debug" } });
    await f.hangUp("configuration_reloaded");
    expect(await works(f.service, second.key)).toBe("CHALLENGE_NOT_FOUND");
    expect(await works(f.service, first.key)).toBe("UNAUTHENTICATED");
    vendor.release();
    expect((await call).code).toBe("OK");
    expect(await checkHealth(f.service.grpc)).toBe("SERVING");
    expect(await f.service.stop()).toMatchObject({ code: 0 });
  });

  it("does not end a watch, which sees what is done by the next configuration", async () => {
    const twilio = await startTwilioServer();
    onTestFinished(() => twilio.stop());
    const f = await start(twilio.baseUrl);
    const to = newPhone();
    const challengeId = challengeIdOf((await f.service.gRPC.send(sendTo(to))).response as never);
    const states = watch(f.service.grpc, challengeId);
    await expect.poll(() => states.seen, { timeout }).toEqual([1]);
    f.write({
      secrets: { ...f.document.secrets, codeKeys: [{ id: "new", secret: newSecret() }, ...f.codeKeys] },
    });
    await f.hangUp("configuration_reloaded");
    expect((await f.service.JSON.send(verify(challengeId, codeInText(twilio.requests, to)))).code).toBe("OK");
    await states.ended;
    expect(states.seen).toEqual([1, 2]);
  });

  it("with a file that is wrong changes nothing, and says all that is wrong, without its secrets", async () => {
    const vendor = await startSlowVendor();
    const f = await start(vendor.baseUrl);
    f.write({ log: { level: "loud" }, secrets: { ...f.document.secrets, ledgerKey: "hunter2-hunter2" } });
    await f.hangUp("configuration_refused");
    expect(f.service.log().at(-1)).toMatchObject({
      level: "error",
      problems: [expect.stringMatching(/^secrets\.ledgerKey /), expect.stringMatching(/^log\.level /)],
    });
    expect(f.service.stdout()).not.toContain("hunter2");
    writeFileSync(f.file, "store: [");
    await f.hangUp("configuration_refused");
    f.write({ secrets: { ...f.document.secrets, ledgerKey: newSecret() } });
    await f.hangUp("configuration_refused");
    expect(await works(f.service, first.key)).toBe("CHALLENGE_NOT_FOUND");
    f.write({ ...f.withKeys(first, second) });
    await f.hangUp("configuration_reloaded");
    expect(await works(f.service, second.key)).toBe("CHALLENGE_NOT_FOUND");
    expect(f.service.stderr()).toBe("");
  });

  it("without a configuration file is told of, and is all that happens; while starting, it is waited with", async () => {
    const launched = launch({});
    launched.child.kill("SIGHUP");
    const waiting = launch({});
    // Node begins to watch for signals before it has read our first line: from then on none may end the process.
    await expect.poll(() => waiting.child.pid).toBeGreaterThan(0);
    await seen(waiting, "started");
    waiting.child.kill("SIGHUP");
    expect(await seen(waiting, "configuration_unchanged")).toMatchObject({ level: "warn" });
    expect(await waiting.stop()).toMatchObject({ code: 0 });
    await launched.stop("SIGKILL");
  });
});

it("a changed file is taken by itself, whatever was in it, and what needs a restart is named", async () => {
  const vendor = await startSlowVendor();
  const f = await start(vendor.baseUrl);
  f.write({ reload: { everySeconds: 1 } });
  await f.hangUp("configuration_reloaded");
  f.write({ ...f.withKeys(second), reload: { everySeconds: 1 }, listen: { admin: "127.0.0.1:0", grpc: "127.0.0.1:6000" } });
  await expect.poll(() => countOf(f.service, "configuration_reloaded"), { timeout }).toBe(2);
  expect(await works(f.service, second.key)).toBe("CHALLENGE_NOT_FOUND");
});

/** The states that a watcher is shown. */
function watch(address: string, challengeId: string): { readonly seen: number[]; readonly ended: Promise<unknown> } {
  const { input, output } = CodeService.method.watchChallenge;
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${first.key}`);
  const stream = client.makeServerStreamRequest(
    "/countersign.v1.CodeService/WatchChallenge",
    (request: object) => Buffer.from(toBinary(input, request as never)),
    (bytes: Buffer) => fromBinary(output, bytes),
    { $typeName: input.typeName, challengeId },
    metadata,
  );
  const seenStates: number[] = [];
  stream.on(
    "data",
    ({ challenge }: { challenge: { state: number } }) => seenStates.at(-1) !== challenge.state && seenStates.push(challenge.state),
  );
  onTestFinished(() => client.close());
  return { seen: seenStates, ended: once(stream, "end") };
}
