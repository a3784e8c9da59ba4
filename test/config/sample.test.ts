import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { environmentVariables } from "../../src/config/environment.ts";
import { fileSettings } from "../../src/config/settings.ts";
import { aProofKey, aSecret, loadGood } from "./production.ts";
import { tlsFiles } from "./tls-files-kit.ts";

const key = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const pem = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const env = {
  TWILIO_API_KEY_SECRET: "x",
  TWILIO_AUTH_TOKEN: "x",
  VONAGE_PRIVATE_KEY: pem,
  VONAGE_SIGNATURE_SECRET: "x",
  BIRD_ACCESS_KEY: "x",
  BIRD_SIGNING_KEY: "x",
  AWS_SNS_SECRET: "x",
  AWS_KMS_SECRET: "x",
  SMTP_PASSWORD: "y",
  OWN_GATEWAY_SECRET: key,
  OWN_GATEWAY_RECEIPT_SECRET: key,
  REGIONAL_SMS_TOKEN: "z",
  TURNSTILE_SECRET: "t",
  HCAPTCHA_SECRET: "h",
  RECAPTCHA_SECRET: "r",
  TRACING_API_KEY: "t",
};
const sample = readFileSync(new URL("../../countersign.sample.yaml", import.meta.url), "utf8");

test("the sample loads once its placeholders are replaced", async () => {
  const document = parse(sample);
  document.listen.tls = { ...document.listen.tls, ...(await tlsFiles()) };
  document.secrets.ledgerKey = aSecret();
  document.secrets.codeKeys[0].secret = aSecret();
  document.secrets.authenticatorKeys[0].secret = aSecret();
  document.proofs.keys[0].privateKey = aProofKey().privateKey;
  document.applications[0].keys[0].hash = `sha256:${"0f".repeat(32)}`;
  document.applications[0].keys[1].hash = `sha256:${"1e".repeat(32)}`;
  const config = loadGood(document, env);
  expect(config.applications.map(({ id }) => id)).toEqual(["shop"]);
  expect(Object.keys(config.channels)).toEqual(["sms", "voice", "email", "whatsapp", "push"]);
});

test("as it is, it is refused", () => {
  expect(() => loadGood(sample, env)).toThrow(/ledgerKey is still the placeholder/);
});

test("every setting stands in the sample, and the sample has no other", () => {
  expect([...namesInSample()].sort()).toEqual([...namesInSchema(fileSettings)].sort());
});

test("the sample gives the defaults that hold", () => {
  const document = parse(sample);
  const { code, limits, cooldownsSeconds } = {
    ...document.applications[0],
    cooldownsSeconds: document.applications[0].limits.cooldownsSeconds,
  };
  const bare = fileSettings.shape.applications.element.parse({ id: "a", displayName: "a", purposes: ["a"], channels: ["sms"] });
  expect({ code, limits }).toEqual({ code: bare.code, limits: bare.limits });
  expect(cooldownsSeconds).toEqual([30, 60, 120]);
  const { admin: _admin, metrics: _metrics, tls, ...listen } = document.listen;
  expect(listen).toEqual(fileSettings.shape.listen.parse({}));
  expect(fileSettings.shape.listen.parse({ tls: { certFile: "a", keyFile: "b" } }).tls).toMatchObject({
    minVersion: tls.minVersion,
    requireClientCertificate: tls.requireClientCertificate,
  });
  const { id, issuer, audience, jwksUrl, ...terms } = document.tokenIssuers[0];
  expect(fileSettings.shape.tokenIssuers.parse([{ id, issuer, audience, jwksUrl }])[0]).toMatchObject(terms);
  expect(document.pumping).toEqual(fileSettings.shape.pumping.parse({}));
  expect(document.sendLimits).toEqual(fileSettings.shape.sendLimits.parse(undefined));
  expect(document.trustedProxies).toEqual(fileSettings.shape.trustedProxies.parse({}));
  expect(document.bounds).toEqual(fileSettings.shape.bounds.parse({}));
  expect(document.circuitBreaker).toEqual(fileSettings.shape.circuitBreaker.parse({}));
  expect(document.lookupCache).toEqual(fileSettings.shape.lookupCache.parse({}));
  for (const channel of ["sms", "voice", "whatsapp"] as const)
    expect(document.applications[0].policy[channel].numberTypes).toEqual(bare.policy[channel].numberTypes);
  const { use: _, hostnames: __, ...captcha } = document.applications[0].captcha;
  expect(fileSettings.shape.applications.element.shape.captcha.parse({ use: "a" })).toMatchObject(captcha);
});

test("every variable with a name of its own is told in the sample", () => {
  for (const name of environmentVariables) expect(sample).toContain(name);
});

/** Paths with list positions and free names left out; `# name: …` is an optional setting that is commented out. */
function namesInSample(): Set<string> {
  const uncommented = sample.replace(/^( +)# ([a-zA-Z]+: (?![a-z]+ )\S.*)$/gm, (line, indent, setting) =>
    isSetting(setting) ? `${indent}${setting}` : line,
  );
  const document = parse(uncommented.replaceAll("ca: |", "ca: x"));
  return new Set(pathsOf(document, ""));
}

const optional = [
  "authToken",
  "messagingServiceSid",
  "region",
  "edge",
  "entityId",
  "contentId",
  "templateId",
  "baseUrl",
  "ca",
  "path",
  "equals",
  "contains",
  "form",
  "messageIdAfter",
  "perSecond",
];
const isSetting = (line: string): boolean => optional.some((name) => line.startsWith(`${name}: `));

/** Groups whose names are the operator's own. */
const isFree = (path: string): boolean =>
  /^providers\.(?:webhook|http-sms)\.(?:headers|query|json|form)$|^providers\.http-sms\.secrets$|^prices\.[a-z]+$|^tracing\.headers$|\.templates\.variables$/.test(
    path,
  );

function pathsOf(value: unknown, path: string): string[] {
  if (isFree(path)) return [path];
  if (Array.isArray(value)) return value.length > 0 && typeof value[0] === "object" ? value.flatMap((item) => pathsOf(item, path)) : [path];
  if (typeof value !== "object" || value === null || "env" in value || "file" in value) return [path];
  return Object.entries(value).flatMap(([name, child]) => pathsOf(child, join(path, name, value)));
}

const join = (path: string, name: string, group: object): string => {
  if (["providers", "captchas", "lookups"].includes(path)) return `${path}.${(group as Record<string, { kind: string }>)[name]?.kind}`;
  return inGroup(path, name);
};

/** What one channel may have, every channel may. */
const inGroup = (path: string, name: string): string => (path === "" ? name : path === "channels" ? "channels.*" : `${path}.${name}`);

function namesInSchema(schema: z.core.$ZodType, path = ""): Set<string> {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return namesInSchema(schema.def.innerType, path);
  if (schema instanceof z.ZodArray) return namesInSchema(schema.def.element, path);
  if (schema instanceof z.ZodRecord) return namesInSchema(schema.def.valueType, path);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const isNamed = schema.def.discriminator === "kind";
    return new Set(schema.def.options.flatMap((option) => [...namesInSchema(option, isNamed ? `${path}.${kindOf(option)}` : path)]));
  }
  if (schema instanceof z.ZodUnion) return new Set(schema.def.options.flatMap((option) => [...namesInSchema(option, path)]));
  if (!(schema instanceof z.ZodObject)) return new Set([path]);
  return new Set(
    Object.entries(schema.shape).flatMap(([name, child]) => [...namesInSchema(child as z.core.$ZodType, inGroup(path, name))]),
  );
}

const kindOf = (option: z.core.$ZodType): string =>
  option instanceof z.ZodObject && option.shape.kind instanceof z.ZodLiteral ? String(option.shape.kind.value) : "?";

test("a configuration written back as YAML is the same configuration", () => {
  expect(parse(stringify(parse(sample)))).toEqual(parse(sample));
});
