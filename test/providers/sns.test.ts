import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SNSClient } from "@aws-sdk/client-sns";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { createSns, endpointOf } from "../../src/providers/sns.ts";
import { snsConfig } from "../../src/providers/sns-config.ts";
import { patience, smsMessage } from "./messages.ts";
import { accessKey, answerSns, attributesOf, error, region } from "./sns-api.ts";
import { startVendorServer } from "./vendor-server.ts";

let server: Awaited<ReturnType<typeof startVendorServer>>;
const open: ClosableProvider[] = [];

async function provide(more: object = {}): Promise<ClosableProvider> {
  const config = { kind: "sns", region, accessKey, baseUrl: server.baseUrl, timeoutSeconds: 1, ...more };
  const provider = await createSns("vendor", snsConfig.parse(config));
  open.push(provider);
  return provider;
}

beforeAll(async () => {
  server = await startVendorServer(answerSns);
});
beforeEach(() => {
  server.requests.length = 0;
  server.state.behaviour = { kind: "api" };
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const provider of open.splice(0)) await provider.close();
});
afterAll(() => server.stop());

test("a text message is a transactional one, from the sender and with the ids of India's DLT, every character as it was", async () => {
  const provider = await provide({ senderId: "Example", entityId: "1101456324675322134", templateId: "1107457532145798767" });
  const text = "1 & 2 = +3 % ü\nFA+9qCX9VSu\n@example.com #482913";
  expect(await provider.send({ ...smsMessage, text }, patience())).toEqual({
    outcome: "accepted",
    reference: "567910cd-659e-55d4-8ccb-5aaf14679dc0",
  });
  const [request] = server.requests;
  const fields = new URLSearchParams(request?.body);
  expect(request?.path).toBe("/");
  expect([fields.get("Action"), fields.get("PhoneNumber"), fields.get("Message")]).toEqual(["Publish", smsMessage.to, text]);
  expect(attributesOf(request?.body ?? "")).toEqual({
    "AWS.SNS.SMS.SMSType": "Transactional",
    "AWS.SNS.SMS.SenderID": "Example",
    "AWS.MM.SMS.EntityId": "1101456324675322134",
    "AWS.MM.SMS.TemplateId": "1107457532145798767",
  });
});

describe("errors", () => {
  test.each([
    [400, "OptedOut", "opted out", "permanent", "recipient_opted_out"],
    [400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: no", "permanent", "recipient_refused"],
    [400, "InvalidParameter", "Invalid parameter: Message too long", "permanent", "provider_error"],
    [400, "InvalidParameterValue", "PhoneNumber", "permanent", "provider_error"],
    [403, "AuthorizationError", "not authorized to perform: SNS:Publish", "permanent", "credentials_refused"],
    [403, "InvalidClientTokenId", "no", "permanent", "credentials_refused"],
    [403, "SignatureDoesNotMatch", "no", "permanent", "credentials_refused"],
    [400, "Throttling", "Rate exceeded", "retryable", "throttled"],
    [429, "Throttled", "Rate exceeded", "retryable", "throttled"],
    [400, "SomethingNew", "no", "permanent", "provider_error"],
    [503, "ServiceUnavailable", "no", "unknown", "provider_error"],
    [500, "InternalError", "no", "unknown", "provider_error"],
  ])("%i %s, %s: %s, %s, tried once", async (status, code, message, outcome, failure) => {
    const provider = await provide();
    server.state.behaviour = { kind: "answer", ...error(status, code, message) };
    expect(await provider.send(smsMessage, patience())).toEqual({ outcome, failure, vendorCode: code });
    expect(server.requests).toHaveLength(1);
  });
});

describe("the environment", () => {
  /** Says everything otherwise that the SDK would listen to. */
  function stubEnvironment(): string {
    const folder = mkdtempSync(join(tmpdir(), "countersign-sns-"));
    const elsewhere = "http://127.0.0.1:9";
    writeFileSync(
      join(folder, "config"),
      `[default]\nregion = us-west-2\nendpoint_url = ${elsewhere}\nmax_attempts = 5\nretry_mode = adaptive\n`,
    );
    writeFileSync(join(folder, "credentials"), "[default]\naws_access_key_id = FROMAFILE00000000000\naws_secret_access_key = file\n");
    const variables = {
      AWS_REGION: "us-west-1",
      AWS_DEFAULT_REGION: "us-west-1",
      AWS_ACCESS_KEY_ID: "FROMENVIRONMENT00000",
      AWS_SECRET_ACCESS_KEY: "environment",
      AWS_SESSION_TOKEN: "environment",
      AWS_PROFILE: "default",
      AWS_CONFIG_FILE: join(folder, "config"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
      AWS_ENDPOINT_URL: elsewhere,
      AWS_ENDPOINT_URL_SNS: elsewhere,
      AWS_MAX_ATTEMPTS: "5",
      AWS_RETRY_MODE: "adaptive",
      AWS_DEFAULTS_MODE: "auto",
      AWS_USE_FIPS_ENDPOINT: "true",
      AWS_USE_DUALSTACK_ENDPOINT: "true",
      AWS_AUTH_SCHEME_PREFERENCE: "sigv4a",
      HTTPS_PROXY: elsewhere,
      HTTP_PROXY: elsewhere,
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    return folder;
  }

  test("has no say in region, credentials, address, retries or proxies", async () => {
    const folder = stubEnvironment();
    const provider = await provide();
    expect(await provider.send(smsMessage, patience())).toMatchObject({ outcome: "accepted" });
    server.state.behaviour = { kind: "answer", ...error(500, "InternalError", "no") };
    expect(await provider.send(smsMessage, patience())).toMatchObject({ outcome: "unknown" });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[0]?.headers.authorization).toContain(`Credential=${accessKey.id}/`);
    rmSync(folder, { recursive: true });
  });

  test("is asked for credentials, and for nothing else, where that is configured", async () => {
    const folder = stubEnvironment();
    vi.stubEnv("AWS_PROFILE", undefined);
    vi.stubEnv("AWS_ACCESS_KEY_ID", accessKey.id);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", accessKey.secret);
    vi.stubEnv("AWS_SESSION_TOKEN", undefined);
    const provider = await provide({ accessKey: undefined, findCredentials: true });
    expect(await provider.send(smsMessage, patience())).toMatchObject({ outcome: "accepted" });
    rmSync(folder, { recursive: true });
  });

  test("a server of credentials that does not answer is not waited for longer than a message may take", async () => {
    let asked = 0;
    const silent = http.createServer(() => (asked += 1));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const folder = mkdtempSync(join(tmpdir(), "countersign-sns-"));
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"]) vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_CONFIG_FILE", join(folder, "none"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "none"));
    vi.stubEnv("AWS_CONTAINER_CREDENTIALS_FULL_URI", `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
    const provider = await provide({ accessKey: undefined, findCredentials: true });
    const started = performance.now();
    // The SDK loads what finds credentials only now.
    const result = await provider.send(smsMessage, AbortSignal.timeout(2_000));
    expect(result).toEqual({ outcome: "retryable", failure: "timeout" });
    expect(performance.now() - started).toBeLessThan(4_000);
    expect(asked).toBe(1);
    expect(server.requests).toHaveLength(0);
    silent.closeAllConnections();
    silent.close();
    rmSync(folder, { recursive: true });
  });
});

test.each(["eu-central-1", "us-gov-west-1", "cn-north-1"])("%s is where the SDK by itself would go", (where) => {
  const { endpointProvider } = new SNSClient({ region: where }).config;
  const { url } = endpointProvider({ Region: where, UseFIPS: false, UseDualStack: false });
  expect(`${endpointOf({ region: where })}/`).toBe(url.href);
});
