import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { newKey, sampleConfig } from "./production-config.ts";
import { freePort, launch, newFolder, newSqlite, type Options, startService } from "./service.ts";

describe("starting", () => {
  it("prints how to send and verify first, and it works as printed", async () => {
    const service = await startService();
    const [first, , send, read, check] = service.stdout().split("\n");
    expect(first).toContain("development mode");
    expect(first).not.toContain("{");
    const { challenge } = JSON.parse(run(send));
    expect(challenge).toMatchObject({ state: "CHALLENGE_STATE_PENDING", channel: "CHANNEL_SMS" });
    const [message] = JSON.parse(run(read));
    expect(message).toMatchObject({ channel: "sms", challengeId: challenge.challengeId });
    const verified = JSON.parse(
      run(
        check?.replace('"challengeId":"…"', `"challengeId":"${challenge.challengeId}"`).replace('"code":"…"', `"code":"${message.code}"`),
      ),
    );
    expect(verified).toMatchObject({ challengeId: challenge.challengeId, recipient: { phoneNumber: "+14155552671" } });
  });

  it("is quick with the embedded store", async ({ annotate }) => {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      const started = performance.now();
      const service = await startService({ store: newSqlite().url });
      times.push(Math.round(performance.now() - started));
      await service.stop();
    }
    await annotate(`start-up, embedded store: ${times.join(", ")} ms`);
    expect(Math.min(...times)).toBeLessThan(5_000);
  });
});

describe("what stops it from starting is one line that names the setting", () => {
  it.each(["COUNTERSIGN_GRPC_ADDR", "COUNTERSIGN_HTTP_ADDR"])("%s is in use", async (variable) => {
    const taken = await takePort();
    const other = variable === "COUNTERSIGN_GRPC_ADDR" ? "COUNTERSIGN_HTTP_ADDR" : "COUNTERSIGN_GRPC_ADDR";
    const spare = await freePort();
    const stderr = await refusalOf({ env: { [variable]: `127.0.0.1:${taken}`, [other]: `127.0.0.1:${spare}` } });
    expect(stderr).toMatch(new RegExp(`${variable}.*127\\.0\\.0\\.1:${taken} is in use`));
    await expect(connects(spare)).resolves.toBe(false);
  });

  it("an address that is none of this machine's", async () => {
    const config = { ...sampleConfig({ twilio: { baseUrl: "http://127.0.0.1:1" } }, [newKey()]), listen: { allowPlaintext: true } };
    expect(await refusalOf({ config, env: { COUNTERSIGN_GRPC_ADDR: "192.0.2.1:50051" } })).toMatch(
      /COUNTERSIGN_GRPC_ADDR.*192\.0\.2\.1:50051/,
    );
  });

  it("a setting that is not understood", async () => {
    const config = { ...sampleConfig({ twilio: { baseUrl: "http://127.0.0.1:1" } }, [newKey()]), log: { level: "loud" } };
    expect(await refusalOf({ config })).toMatch(/log\.level.*info/);
  });

  it("a setting that is misspelled", async () => {
    const config = { ...sampleConfig({ twilio: { baseUrl: "http://127.0.0.1:1" } }, [newKey()]), storage: {} };
    expect(await refusalOf({ config })).toMatch(/storage.*store/);
  });

  it("a configuration file that is not there", async () => {
    expect(await refusalOf({ env: { COUNTERSIGN_CONFIG: "/nowhere/countersign.yaml" } })).toMatch(
      /\/nowhere\/countersign\.yaml.*does not exist/,
    );
  });

  it("a variable that is misspelled", async () => {
    expect(await refusalOf({ env: { COUNTERSIGN_STORE_ULR: "sqlite::memory:" } })).toMatch(/COUNTERSIGN_STORE_ULR.*COUNTERSIGN_STORE_URL/);
  });

  it.each([
    ["a MongoDB that is not there", () => `mongodb://someone:hunter2@127.0.0.1:1/countersign`, /ECONNREFUSED/],
    ["a folder that is missing", () => `sqlite:${newFolder()}/missing/ledgers.db`, /directory does not exist/],
    ["a folder instead of a file", () => `sqlite:${newFolder()}`, /directory/],
    ["a file that is no database", () => `sqlite:${textFile()}`, /not a database/],
    ["a store of an unknown kind", () => "redis://127.0.0.1:6379", /sqlite:PATH or mongodb:/],
  ])("%s", async (_, store, why) => {
    const stderr = await refusalOf({ store: store() });
    expect(stderr).toContain("COUNTERSIGN_STORE_URL");
    expect(stderr).toMatch(why);
    expect(stderr).not.toContain("hunter2");
  });

  it("several settings, one line each", async () => {
    const stderr = await launchToEnd({ env: { COUNTERSIGN_GRPC_ADDR: "nowhere", COUNTERSIGN_LOG_LEVEL: "loud" } });
    expect(stderr.split("\n")).toHaveLength(2);
    expect(stderr).toMatch(/COUNTERSIGN_GRPC_ADDR/);
    expect(stderr).toMatch(/COUNTERSIGN_LOG_LEVEL/);
  });
});

async function refusalOf(options: Options): Promise<string> {
  const stderr = await launchToEnd(options);
  expect(stderr.split("\n"), stderr).toHaveLength(1);
  return stderr;
}

/** What it says before it gives up, within seconds and with nothing on standard output. */
async function launchToEnd(options: Options): Promise<string> {
  const launched = launch(options);
  const { code, ms } = await launched.exited;
  expect({ code, stdout: launched.stdout() }).toEqual({ code: 1, stdout: "" });
  expect(ms).toBeLessThan(6_000);
  expect(() => process.kill(launched.pid, 0)).toThrow("ESRCH");
  return launched.stderr().trimEnd();
}

/** A line such as `1. Send a code     curl …`. */
const run = (line = ""): string => execFileSync("/bin/sh", ["-c", line.slice(line.indexOf("curl"))], { encoding: "utf8" });

function textFile(): string {
  const path = join(newFolder(), "letter.txt");
  writeFileSync(path, "Dear Sir or Madam, ".repeat(500));
  return path;
}

async function takePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const connects = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
