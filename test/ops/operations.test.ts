import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { sendTo, verify } from "../process/calls.ts";
import { type Eventful, makeEverythingHappen, startEventfulService } from "./eventful-service.ts";
import { readQuery } from "./promql.ts";
import { readScrape, type Scraped } from "./scrape.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");

type Target = { readonly expr: string; readonly legendFormat: string };
type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly Target[];
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
};
type Variable = { readonly name: string; readonly query: string | { readonly query: string } };
type Dashboard = { readonly panels: readonly Panel[]; readonly templating: { readonly list: readonly Variable[] } };
type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

const dashboard = JSON.parse(read("ops/grafana/countersign.json")) as Dashboard;
const rules = (parse(read("ops/prometheus/alerts.yaml")) as { groups: { name: string; rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);

/** As Grafana would send it. */
const filled = (expression: string): string => expression.replaceAll("$__rate_interval", "5m").replace(/\$(instance|application)/g, ".*");
const queries = [
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expression: filled(expr) }))),
  ...rules.map(({ alert, expr }) => ({ where: alert, expression: expr })),
];

/** What Prometheus itself knows of whatever it reads. */
const fromPrometheus = { metrics: ["up"], labels: ["instance", "job"] };
/** Needs a certificate, which needs TLS. */
const notHere = ["countersign_certificate_expiry_timestamp_seconds"];

let eventful: Eventful;
let scraped: ReadonlyMap<string, Scraped>;
let text: string;

beforeAll(async () => {
  eventful = await startEventfulService();
  await makeEverythingHappen(eventful);
  text = await eventful.read();
  scraped = readScrape(text);
});
afterAll(() => eventful?.gateway.stop());

const labelsOf = (metric: string): string[] => [
  ...(scraped.get(metric)?.labels ?? []),
  ...(metric.endsWith("_bucket") ? ["le"] : []),
  ...fromPrometheus.labels,
];

describe("the metrics of a service on which everything happened", () => {
  it("have samples, every one of them", () => {
    const silent = [...scraped].filter(([name, { samples }]) => name.startsWith("countersign_") && samples === 0).map(([name]) => name);
    expect(silent).toEqual(notHere);
  });

  it("are read by GET at their own address, and in production at no other", async () => {
    const read = await fetch(`http://${eventful.metrics}/metrics`);
    expect([read.status, read.headers.get("content-type")]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8"]);
    const posted = await fetch(`http://${eventful.metrics}/metrics`, { method: "POST" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET"]);
    expect((await fetch(`http://${eventful.service.http}/metrics`)).status).toBe(404);
    expect((await fetch(`http://${eventful.metrics}/countersign.v1.CodeService/SendCode`, { method: "POST" })).status).toBe(404);
    const together = await Promise.all(Array.from({ length: 50 }, () => eventful.read()));
    expect(together.filter((each) => !each.includes("countersign_build_info"))).toEqual([]);
  });

  it("have labels whose values are names of ours, and no recipient, challenge or code", () => {
    const sent = eventful.gateway.requests.map(({ body }) => (body === "" ? {} : (JSON.parse(body) as Record<string, unknown>)));
    const secrets = sent.flatMap((body) => [body.to, body.challenge_id, body.delivery_id]).filter((each) => typeof each === "string");
    expect(secrets.length).toBeGreaterThan(20);
    expect(secrets.filter((secret) => text.includes(secret.replace(/^\+/, "")))).toEqual([]);
    const values = new Set([...text.matchAll(/="((?:[^"\\]|\\.)*)"/g)].map(([, value]) => value));
    const codes = sent.map(({ code }) => String(code));
    expect(codes.filter((code) => values.has(code))).toEqual([]);
  });

  it("count calls on all four wires, with the reasons that callers get", () => {
    for (const wire of ["grpc", "grpc_web", "connect", "json"])
      for (const reason of ["OK", "INVALID_ARGUMENT", "UNAUTHENTICATED"])
        expect(text).toContain(`countersign_requests_total{rpc="CodeService/SendCode",wire="${wire}",reason="${reason}"}`);
    expect(text).toMatch(/requests_total\{rpc="CodeService\/VerifyCode",wire="grpc",reason="CODE_MISMATCH"\} 1$/m);
    expect(text).toMatch(/requests_in_flight\{rpc="CodeService\/VerifyCode",wire="json"\} 0$/m);
    expect(text).toContain('countersign_requests_total{rpc="AdminService/UnlockRecipient",wire="grpc"');
  });

  it("do not grow with what strangers and callers write", async () => {
    const seriesOfCalls = async (): Promise<string[]> =>
      (await eventful.read()).split("\n").filter((line) => /^countersign_(?!store_|provider_|receipts?_)/.test(line));
    const { service, keys } = eventful;
    const headers = { "content-type": "application/json", authorization: `Bearer ${keys.service.key}` };
    const round = (at: number) =>
      Promise.all([
        fetch(`http://${service.http}/countersign.v1.CodeService/Unknown${at}`, { method: "POST", headers, body: "{}" }),
        fetch(`http://${service.http}/countersign.v1.Service${at}/SendCode`, { method: "POST", headers, body: "{}" }),
        fetch(`http://${service.http}/receipts/provider-${at}`, { method: "POST", body: "{}" }),
        service.JSON.send(sendTo(`+1415555${1000 + at}`, { purpose: `purpose-${at}`, locale: "xx", idempotencyKey: `key-${at}` })),
        service.gRPC.send(verify(`challenge-${at}`, "123456", { purpose: `purpose-${at}` })),
        service.gRPC.send({ ...sendTo(`+1415555${1000 + at}`), headers: { authorization: `Bearer stranger-${at}` } }),
      ]);
    await round(0);
    await round(1);
    const before = await seriesOfCalls();
    for (let at = 2; at < 40; at++) await round(at);
    const after = await seriesOfCalls();
    expect(after.map((line) => line.replace(/ \S+$/, ""))).toEqual(before.map((line) => line.replace(/ \S+$/, "")));
  });

  it("tell conversion by the country of the number", () => {
    expect(text).toMatch(/codes_verified_total\{channel="sms",country="DE"\} 4$/m);
    expect(text).toMatch(/messages_sent_total\{channel="sms",country="AT",occasion="send"\} 1$/m);
    expect(text).toMatch(/messages_sent_total\{channel="voice",country="DE",occasion="fallback"\} 1$/m);
    expect(text).toMatch(/circuit_open\{provider="broken",country="AT"\} 1$/m);
  });
});

describe.each(queries)("the query of $where: $expression", ({ expression }) => {
  const { errors, selectors, grouping } = readQuery(expression);

  it("is PromQL, and names metrics and labels that are there", () => {
    expect(errors).toEqual([]);
    expect(selectors.length).toBeGreaterThan(0);
    const ours = selectors.filter(({ metric }) => !fromPrometheus.metrics.includes(metric));
    expect(ours.filter(({ metric }) => !scraped.has(metric))).toEqual([]);
    for (const { metric, labels } of ours.filter((each) => !notHere.includes(each.metric)))
      expect({ metric, unknown: labels.filter((label) => !labelsOf(metric).includes(label)) }).toEqual({ metric, unknown: [] });
    if (ours.some(({ metric }) => notHere.includes(metric))) return;
    const known = ours.flatMap(({ metric }) => labelsOf(metric));
    expect(grouping.filter((label) => !known.includes(label))).toEqual([]);
  });

  it("asks counters for how much they grew, and nothing else", () => {
    for (const { metric } of selectors.filter((each) => /_(total|bucket|sum|count)$/.test(each.metric)))
      expect(expression).toMatch(new RegExp(`(rate|increase)\\(${metric}(\\{[^}]*\\})?\\[`));
  });
});

describe("the dashboard", () => {
  const panels = dashboard.panels.filter(({ type }) => type !== "row");

  it.each(panels)("has a panel $title with a description, a unit and a legend of labels that its query keeps", (panel) => {
    expect(panel.title).toMatch(/\S/);
    expect(panel.description).toMatch(/^[A-Z0-9].{20,}\.$/);
    expect(panel.fieldConfig?.defaults.unit).toMatch(/\S/);
    for (const { expr, legendFormat } of panel.targets ?? []) {
      const { grouping } = readQuery(filled(expr));
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      const kept = grouping.length > 0 ? grouping : fromPrometheus.labels;
      expect(named.filter((label) => !kept.includes(label ?? ""))).toEqual([]);
    }
  });

  it("has rows for what operators look at, panels with ids of their own, and none on top of another", () => {
    expect(dashboard.panels.filter(({ type }) => type === "row").map(({ title }) => title)).toEqual([
      "Traffic",
      "Delivery",
      "Conversion",
      "Abuse",
      "Store",
      "Process",
    ]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBeLessThanOrEqual(24);
  });

  it("takes its data source and its replicas from variables, whose metrics are there", () => {
    const variables = dashboard.templating.list;
    expect(variables.map(({ name }) => name)).toEqual(["datasource", "instance", "application"]);
    for (const { query } of variables.slice(1)) {
      const [, metric = "", label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(typeof query === "string" ? query : query.query) ?? [];
      expect(labelsOf(metric)).toContain(label);
      expect(scraped.has(metric)).toBe(true);
    }
    expect(JSON.stringify(dashboard)).not.toMatch(/"uid":"(?!\$\{datasource\}|countersign")/);
  });

  it("shows every metric of the service's own", () => {
    const shown = new Set(queries.flatMap(({ expression }) => readQuery(expression).selectors.map(({ metric }) => metric)));
    const own = [...scraped].filter(([name, { type }]) => name.startsWith("countersign_") && type !== "histogram").map(([name]) => name);
    expect(own.filter((name) => !shown.has(name))).toEqual([]);
  });
});

describe("the alerts", () => {
  it.each(rules)("$alert says how bad it is, what it means and what to do", ({ alert, labels, annotations }) => {
    expect(alert).toMatch(/^Countersign[A-Z]\w+$/);
    expect(["page", "ticket", "info"]).toContain(labels.severity);
    for (const name of ["summary", "description", "runbook"]) expect(annotations[name]).toMatch(/\S{3}/);
    const files = [...(annotations.runbook ?? "").matchAll(/\bdocs\/[\w-]+\.md\b/g)].map(([file]) => file);
    expect(files.filter((file) => !existsSync(new URL(file, root)))).toEqual([]);
    const panels = [...(annotations.runbook ?? "").matchAll(/(?:Traffic|Delivery|Store), "([^"]+)"/g)].map(([, title]) => title);
    expect(panels.filter((title) => !dashboard.panels.some((panel) => panel.title === title))).toEqual([]);
    const others = [...(annotations.runbook ?? "").matchAll(/\bCountersign[A-Z]\w+/g)].map(([name]) => name);
    expect(others.filter((name) => !rules.some((rule) => rule.alert === name))).toEqual([]);
  });

  it("have names of their own, and are told to Prometheus", () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(parse(read("ops/prometheus/prometheus.yaml"))).toMatchObject({
      rule_files: ["alerts.yaml"],
      scrape_configs: [{ job_name: "countersign" }],
    });
  });
});
