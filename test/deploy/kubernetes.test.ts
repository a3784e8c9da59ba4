import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { launch, startService } from "../process/service.ts";
import { checkConfig, drainSeconds, filled, imageOf, list, read, secretsNamed } from "./files.ts";
import { type Manifest, misfits, readManifests, unknownFields } from "./manifests.ts";

const folder = "deploy/kubernetes";
const files = list(folder);
const manifests = readManifests(folder);
const kustomization = parse(read(`${folder}/kustomization.yaml`)) as { resources: string[]; images: { name: string }[] };
const image = imageOf();

const deployment = one("Deployment").spec as Deployment;
const pod = deployment.template.spec;
const [container] = pod.containers;
const config = (one("ConfigMap").data as Record<string, string>)["countersign.yaml"] ?? "";
const secret = one("Secret").stringData as Record<string, string>;
const secretFolder = "/etc/countersign-secrets";

describe("the manifests", () => {
  it("are what Kubernetes knows, with no field that it does not", async () => {
    expect(manifests.length).toBeGreaterThanOrEqual(10);
    const known = manifests.filter(({ kind }) => kind !== "PodMonitor");
    expect(await Promise.all(known.map(misfits))).toEqual(known.map(() => []));
    expect(await unknownFields(known)).toEqual([]);
  }, 60_000);

  it("would not pass with a mistyped field or value", async () => {
    const mistyped = structuredClone(one("Deployment")) as Manifest & { spec: { template: { spec: Record<string, unknown> } } };
    mistyped.spec.template.spec.terminationGracePeriod = 30;
    expect(await unknownFields([mistyped])).toEqual([expect.stringContaining("terminationGracePeriod")]);
    const budget = { ...one("PodDisruptionBudget"), spec: { maxUnavailable: ["one"] } };
    expect(await misfits(budget)).not.toEqual([]);
  }, 60_000);

  it("are all applied but the examples", () => {
    const applied = files.filter((name) => !name.endsWith(".example.yaml") && name !== "kustomization.yaml");
    expect([...kustomization.resources].sort()).toEqual(applied.sort());
    expect(kustomization.images.map(({ name }) => name)).toEqual([container.image]);
  });

  it("find one another: by labels, by names of ports, by names", () => {
    const labels = deployment.template.metadata.labels;
    const selectors = [
      deployment.selector.matchLabels,
      ...pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels),
      ...all("Service").map(({ spec }) => (spec as { selector: object }).selector),
      ...["PodDisruptionBudget", "PodMonitor"].map(
        (kind) => (one(kind).spec as { selector: { matchLabels: object } }).selector.matchLabels,
      ),
      (one("NetworkPolicy").spec as { podSelector: { matchLabels: object } }).podSelector.matchLabels,
    ];
    for (const selector of selectors) expect(labels).toMatchObject(selector);
    const names = container.ports.map(({ name }) => name);
    for (const name of namedPorts()) expect(names).toContain(name);
    expect(one("HorizontalPodAutoscaler").spec).toMatchObject({
      scaleTargetRef: { kind: "Deployment", name: one("Deployment").metadata.name },
    });
    expect(pod.serviceAccountName).toBe(one("ServiceAccount").metadata.name);
    expect(pod.volumes).toMatchObject([
      { name: "configuration", configMap: { name: one("ConfigMap").metadata.name } },
      { name: "secrets", secret: { secretName: one("Secret").metadata.name } },
      { name: "tmp" },
    ]);
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(pod.volumes.map(({ name }) => name));
  });

  it("fit the image: its user, its ports, its variables", () => {
    expect(`${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`).toBe(image.user);
    const metrics = Number((parse(config) as { listen: { metrics: string } }).listen.metrics.split(":").at(-1));
    expect(container.ports.map(({ containerPort }) => containerPort)).toEqual([...image.ports, metrics]);
    expect(container.env).toEqual([{ name: "COUNTERSIGN_CONFIG", value: image.env.COUNTERSIGN_CONFIG }]);
    expect(container.volumeMounts[0]?.mountPath).toBe("/etc/countersign");
  });

  it("leave enough time to stop, and take nobody away before there is another", () => {
    const preStop = container.lifecycle.preStop.sleep.seconds;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStop + drainSeconds());
    expect(deployment.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 });
    const { minReplicas } = one("HorizontalPodAutoscaler").spec as { minReplicas: number };
    expect(minReplicas).toBeGreaterThan((one("PodDisruptionBudget").spec as { maxUnavailable: number }).maxUnavailable);
  });

  it("allow what the restricted pod security standard does, and no more", () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect([pod.automountServiceAccountToken, one("ServiceAccount").automountServiceAccountToken]).toEqual([false, false]);
    expect(one("NetworkPolicy").spec).toMatchObject({ policyTypes: ["Ingress", "Egress"] });
  });

  it("probe what is there", async () => {
    const service = await startService();
    const probes = [container.startupProbe, container.readinessProbe, container.livenessProbe];
    for (const { httpGet } of probes)
      expect([httpGet.path, (await fetch(`http://${service.http}${httpGet.path}`)).status]).toEqual([httpGet.path, 200]);
    expect(probes.map(({ httpGet }) => httpGet.path)).toEqual(["/readyz", "/readyz", "/healthz"]);
  });
});

describe("the configuration in the ConfigMap", () => {
  it("is good with the secrets that it names, which are those of the example", async () => {
    expect(secretsNamed(config, secretFolder).sort()).toEqual(Object.keys(secret).sort());
    expect(container.volumeMounts[1]?.mountPath).toBe(secretFolder);
    expect(await checkConfig(config, { folder: secretFolder, files: filled(secret) }, addresses())).toEqual({
      code: 0,
      output: expect.stringMatching(/^\S+ is good: 1 application; 1 key; email by mail; store mongodb\.\n$/),
    });
  });

  it("is refused with the example's placeholders", async () => {
    const { code, output } = await checkConfig(config, { folder: secretFolder, files: secret }, addresses());
    expect(code).toBe(1);
    expect(output).toContain("secrets.ledgerKey is still the placeholder of the sample");
  });

  it("does not take the variables of a Service of the same name for settings", async () => {
    const env = { COUNTERSIGN_PORT: "tcp://10.0.0.1:80", COUNTERSIGN_SERVICE_HOST: "10.0.0.1", COUNTERSIGN_SERVICE_PORT_HTTP: "80" };
    const { exited, stderr } = launch({ env }, ["version"]);
    expect([(await exited).code, stderr()]).toEqual([0, ""]);
  });
});

type Deployment = {
  readonly selector: { readonly matchLabels: object };
  readonly strategy: { readonly rollingUpdate: object };
  readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
};
type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };
type Pod = {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
  readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: object } }[];
  readonly volumes: readonly { readonly name: string }[];
  readonly containers: readonly [
    {
      readonly image: string;
      readonly env: readonly object[];
      readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
      readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
      readonly securityContext: object;
      readonly startupProbe: Probe;
      readonly readinessProbe: Probe;
      readonly livenessProbe: Probe;
    },
  ];
};

function all(kind: string): readonly Manifest[] {
  return manifests.filter((each) => each.kind === kind);
}

function one(kind: string): Manifest {
  const [only, ...others] = all(kind);
  if (!only || others.length > 0) throw new Error(`${others.length + (only ? 1 : 0)} manifests of kind ${kind}`);
  return only;
}

function namedPorts(): readonly string[] {
  const services = all("Service").flatMap(({ spec }) =>
    (spec as { ports: { targetPort: string }[] }).ports.map(({ targetPort }) => targetPort),
  );
  const ingress = (one("NetworkPolicy").spec as { ingress: { ports: { port: string }[] }[] }).ingress.flatMap(({ ports }) =>
    ports.map(({ port }) => port),
  );
  const monitored = (one("PodMonitor").spec as { podMetricsEndpoints: { port: string }[] }).podMetricsEndpoints.map(({ port }) => port);
  const probed = [container.startupProbe, container.readinessProbe, container.livenessProbe].map(({ httpGet }) => httpGet.port);
  return [...services, ...ingress, ...monitored, ...probed];
}

function addresses(): Record<string, string> {
  const { COUNTERSIGN_GRPC_ADDR = "", COUNTERSIGN_HTTP_ADDR = "" } = image.env;
  return { COUNTERSIGN_GRPC_ADDR, COUNTERSIGN_HTTP_ADDR };
}
