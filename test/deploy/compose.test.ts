import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { newFolder } from "../process/service.ts";
import { checkConfig, drainSeconds, imageOf, read, root, secretsNamed } from "./files.ts";

type Service = {
  readonly image: string;
  readonly build?: string;
  readonly user?: string;
  readonly network_mode?: string;
  readonly networks?: readonly string[];
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly [setting: string]: unknown;
};
type Compose = {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, object>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
};

const compose = parse(read("compose.yaml"), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const replicas = services.filter(([, { build }]) => build !== undefined);
const config = read("deploy/compose/countersign/countersign.yaml");
const image = imageOf();
const secretFolder = "/run/secrets";

describe("compose.yaml", () => {
  it("has two replicas, a replica set of three, mail, metrics and a dashboard", () => {
    expect(Object.keys(compose.services)).toEqual([
      ...["countersign-1", "countersign-2", "mongodb-1", "mongodb-2", "mongodb-3", "mongodb-init", "mailpit", "prometheus", "grafana"],
    ]);
    expect(replicas.map(([name]) => name)).toEqual(["countersign-1", "countersign-2"]);
  });

  it.each(services)("%s: takes no rights, writes where it must only, and is bounded", (_, service) => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], security_opt: ["no-new-privileges:true"] });
    expect(service).not.toHaveProperty("privileged");
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.image).toMatch(/^[a-z/]+:v?\d+\.\d+\.\d+$/);
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it.each(services)("%s: names what there is", (_, { secrets = [], volumes = [], networks = [], depends_on = {}, network_mode }) => {
    for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret);
    for (const network of networks) expect(Object.keys(compose.networks)).toContain(network);
    for (const [source = ""] of volumes.map((each) => each.split(":"))) {
      if (source.startsWith("./")) expect([source, existsSync(join(root, source))]).toEqual([source, true]);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const [needed, { condition }] of Object.entries(depends_on)) {
      const other = compose.services[needed];
      if (condition === "service_healthy") expect(other?.healthcheck?.test[0]).toBe("CMD");
      else expect([condition, other?.restart]).toEqual(["service_completed_successfully", "no"]);
    }
    if (network_mode !== undefined) expect(Object.keys(compose.services)).toContain(network_mode.replace("service:", ""));
  });

  it("publishes each port once, and of the replicas what the image listens on", () => {
    const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.split(":")[1]));
    expect(new Set(published).size).toBe(published.length);
    for (const [, { ports = [] }] of replicas) expect(ports.map((port) => Number(port.split(":")[2]))).toEqual(image.ports);
    for (const [, { stop_grace_period }] of replicas)
      expect(Number.parseInt(String(stop_grace_period), 10)).toBeGreaterThan(drainSeconds());
  });

  it("measures both replicas where they say it, under the name that the alerts have, and shows them", () => {
    const prometheus = parse(read("deploy/compose/prometheus.yaml")) as {
      rule_files: string[];
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const port = (parse(config) as { listen: { metrics: string } }).listen.metrics.split(":").at(-1);
    const targets = replicas.map(([name]) => `${name}:${port}`);
    expect(prometheus.scrape_configs).toEqual([{ job_name: "countersign", static_configs: [{ targets }] }]);
    expect(read("ops/prometheus/alerts.yaml")).toContain('job="countersign"');
    const mounted = compose.services.prometheus?.volumes?.map((each) => each.split(":")[1]);
    for (const file of prometheus.rule_files) expect(mounted).toContain(`/etc/prometheus/${file}`);
    const { path } = (parse(read("deploy/compose/grafana/dashboards.yaml")) as { providers: [{ options: { path: string } }] }).providers[0]
      .options;
    expect(compose.services.grafana?.volumes).toContain(`./ops/grafana:${path}:ro`);
    expect(readdirSync(join(root, "ops/grafana")).filter((name) => name.endsWith(".json"))).not.toEqual([]);
  });
});

describe("its secrets", () => {
  const folder = join(newFolder(), "secrets");
  const script = join(root, "deploy/compose/make-secrets.sh");
  const make = () => execFileSync("sh", [script, folder]);
  const contents = () => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

  it("are all made by the script, each once, in a folder that is closed to others", () => {
    make();
    const made = contents();
    expect(Object.keys(made).sort()).toEqual(Object.keys(compose.secrets).sort());
    for (const [name, { file }] of Object.entries(compose.secrets)) expect(file).toBe(`./deploy/compose/secrets/${name}`);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    make();
    expect(contents()).toEqual(made);
    expect(read(".gitignore").split("\n")).toContain("deploy/compose/secrets/");
  });

  it("make the configuration a good one, and are those that it names", async () => {
    make();
    const named = secretsNamed(config, secretFolder);
    for (const [, { secrets = [] }] of replicas) expect(secrets).toEqual(expect.arrayContaining(named));
    const { COUNTERSIGN_GRPC_ADDR = "", COUNTERSIGN_HTTP_ADDR = "" } = image.env;
    expect(
      await checkConfig(config, { folder: secretFolder, files: contents() }, { COUNTERSIGN_GRPC_ADDR, COUNTERSIGN_HTTP_ADDR }),
    ).toEqual({
      code: 0,
      output: expect.stringMatching(/^\S+ is good: 1 application; 1 key; email by mail; store mongodb\.\n$/),
    });
  });
});

describe("the script that founds the replica set", () => {
  const source = read("deploy/compose/mongodb-init.js");
  const secret = (path: string) => `text of ${path}\n`;

  it.each([false, true])("makes the users, once (founded before: %s)", (founded) => {
    const said: unknown[] = [];
    let authenticated = founded;
    const admin = {
      auth() {
        if (!authenticated) throw new Error("Authentication failed.");
        return { ok: 1 };
      },
      createUser(user: object) {
        authenticated = true;
        said.push(user);
      },
    };
    const own = { getUser: () => (founded ? { user: "countersign" } : null), createUser: (user: object) => said.push(user) };
    const hello = [{ isWritablePrimary: false }, { isWritablePrimary: true }];
    new Script(source).runInNewContext({
      require: () => ({ readFileSync: secret }),
      sleep: () => undefined,
      rs: { initiate: (set: object) => said.push(set) },
      db: { getSiblingDB: (name: string) => (name === "admin" ? admin : own), hello: () => hello.shift() },
    });
    const members = services.filter(([name]) => /^mongodb-\d$/.test(name)).map(([name]) => ({ host: `${name}:27017` }));
    expect(said).toMatchObject(
      founded
        ? []
        : [
            { _id: "rs0", members },
            { user: "root", pwd: "text of /run/secrets/mongodb-root-password", roles: ["root"] },
            { user: "countersign", pwd: "text of /run/secrets/mongodb-password", roles: [{ role: "readWrite", db: "countersign" }] },
          ],
    );
  });
});
