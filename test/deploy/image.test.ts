import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { challengeIdOf, outcome, verify } from "../process/calls.ts";
import { newKey, sampleConfig } from "../process/production-config.ts";
import { connectTo, freePort } from "../process/service.ts";
import { codeInMail } from "../process/vendors.ts";
import { startSmtpServer } from "../providers/smtp-server.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { type Container, type Containers, chooseContainers } from "./containers.ts";
import { execForm, readDockerfile } from "./dockerfile.ts";

const build = await chooseContainers();
const serviceUser = 10_001;
const dockerfile = await readFile(new URL("../../Dockerfile", import.meta.url), "utf8");

describe.skipIf(!build)("the image", () => {
  let containers: Containers;
  let folder: string;

  beforeAll(async () => {
    if (build) containers = await build();
    folder = await mkdtemp(join(tmpdir(), "countersign-volumes-"));
    await chmod(folder, 0o711);
  }, 480_000);

  afterAll(async () => {
    await containers?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("holds the service, what it needs to run, and Node.js once", async () => {
    const there = async (path: string) => (await containers.shell(`test -e ${path} && echo yes || echo no`)).trim();
    for (const path of ["src/gen", "web/dist/playground.js", "node_modules/mongodb", "adapters/twilio-verify/main.ts"])
      expect([path, await there(path)]).toEqual([path, "yes"]);
    for (const path of ["node_modules/node", "node_modules/typescript", "node_modules/vitest", "test", ".git", "proto", "countersign.db"])
      expect([path, await there(path)]).toEqual([path, "no"]);
  });

  it("runs as nobody in particular, and nothing of it is that user's to change but the folder for a store", async () => {
    expect((await containers.shell("id -u; id -g")).trim().split("\n")).toEqual([`${serviceUser}`, `${serviceUser}`]);
    expect(await containers.shell(`find /app ! -user 0 -o -perm /022 ! -type l`)).toBe("");
    expect(await containers.shell("touch /app/src/new 2>&1 || true")).toContain("Read-only file system");
    expect((await containers.shell("stat -c %u:%a /var/lib/countersign")).trim()).toBe(`${serviceUser}:755`);
  });

  it("starts from code compiled beforehand", async () => {
    const told = "NODE_DEBUG_NATIVE=COMPILE_CACHE node src/main.ts check-config /none 2>&1 | grep -E 'accepted|rejected'";
    const said = (await containers.shell(`${told} || echo no compiled code was read`)).trim().split("\n");
    expect(said.filter((line) => !line.includes("was accepted"))).toEqual([]);
    expect(said).toContainEqual(expect.stringContaining("/app/src/config/load.ts was accepted"));
  });

  it("does not start in development mode by mistake", async () => {
    const container = await containers.start({ env: {}, volumes: {} });
    expect(await container.exited).toBe(1);
    expect(container.output()).toContain("/etc/countersign/countersign.yaml does not exist");
  });

  it("serves with a read-only root: its health check passes, a code is sent and verified, and SIGTERM to process 1 ends it with 0", async () => {
    const { key, hash } = newKey();
    const smtp = await startSmtpServer({ authOptional: true });
    const [http, grpc] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const { listen: _, ...config } = sampleConfig({ smtp: { port: smtp.port, ca: smtp.ca } }, [{ key, hash }]);
    const volumes = await newVolumes(folder, { ...config, store: { url: "sqlite:/var/lib/countersign/countersign.db" } });
    const container = await containers.start({ env: { COUNTERSIGN_HTTP_ADDR: http, COUNTERSIGN_GRPC_ADDR: grpc }, volumes });
    try {
      await expect.poll(container.output, { timeout: 60_000, interval: 50 }).toContain('"event":"started"');
      expect(await container.exec(healthCheck())).toContain("/healthz answers 200");
      const { gRPC, JSON: json } = connectTo({ http, grpc }, key);
      const to = "ann@example.com";
      const sent = await mustSucceed(json, { method: "SendCode", request: { recipient: { emailAddress: to } } });
      expect(outcome(await gRPC.send(verify(challengeIdOf(sent), codeInMail(smtp.mails, to))))).toBe("OK");
      await terminated(container);
      expect(container.output()).toContain('"event":"stopped"');
      await expect(container.exec(healthCheck())).rejects.toThrow();
    } finally {
      container.kill();
      await smtp.stop();
    }
  }, 120_000);
});

/** The command of the HEALTHCHECK, without its options. */
function healthCheck(): readonly string[] {
  const instruction = readDockerfile(dockerfile)
    .at(-1)
    ?.instructions.find(({ name }) => name === "HEALTHCHECK");
  return execForm({ name: "HEALTHCHECK", flags: {}, text: instruction?.text.replace(/^CMD /, "") ?? "" });
}

async function newVolumes(folder: string, config: object): Promise<Record<string, string>> {
  const [settings, data] = [join(folder, "settings"), join(folder, "data")];
  await Promise.all([settings, data].map((each) => mkdir(each)));
  const file = join(settings, "countersign.yaml");
  await writeFile(file, stringify(config), { mode: 0o600 });
  await Promise.all([file, data].map((each) => chown(each, serviceUser, serviceUser)));
  return { "/etc/countersign": settings, "/var/lib/countersign": data };
}

async function terminated(container: Container): Promise<void> {
  const asked = performance.now();
  await container.terminate();
  expect(await container.exited).toBe(0);
  // What the deployment files allow it: the drain of 17 seconds, and some.
  expect(performance.now() - asked).toBeLessThan(25_000);
}
