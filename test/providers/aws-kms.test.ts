import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { KeyServiceUnavailable } from "../../src/otp/refusal.ts";
import { type ClosableKeyService, createAwsKms } from "../../src/providers/aws-kms.ts";
import { awsKmsConfig } from "../../src/providers/aws-kms-config.ts";
import { accessKey, fault, type Kms, keyArn, region, startKms } from "./kms-api.ts";
import { json } from "./vendor-server.ts";

let kms: Kms;
const open: ClosableKeyService[] = [];
const purpose = { application: "countersign", key: "kms-1" };

async function connect(more: object = {}): Promise<ClosableKeyService> {
  const config = { keyId: keyArn, region, accessKey, baseUrl: kms.baseUrl, timeoutSeconds: 0.5, ...more };
  const service = await createAwsKms(awsKmsConfig.parse(config));
  open.push(service);
  return service;
}

beforeAll(async () => {
  kms = await startKms();
});
beforeEach(() => {
  kms.requests.length = 0;
  kms.state.behaviour = { kind: "api" };
  Object.assign(kms.keys, { disabled: false, throttled: false });
});
afterEach(() => {
  vi.unstubAllEnvs();
  for (const service of open.splice(0)) service.close();
});
afterAll(() => kms.stop());

test.each([keyArn, keyArn.replace(/.*\//, ""), "alias/countersign"])(
  "a data key that it made opens again, by %s, for the same purpose",
  async (keyId) => {
    const service = await connect({ keyId });
    const { key, wrapped } = await service.makeDataKey(purpose);
    expect(key).toHaveLength(32);
    expect(await service.openDataKey(wrapped, purpose)).toEqual(key);
    const [made, opened] = kms.requests.map(({ headers, body }) => ({ target: headers["x-amz-target"], ...JSON.parse(body) }));
    expect(made).toEqual({ target: "TrentService.GenerateDataKey", KeyId: keyId, KeySpec: "AES_256", EncryptionContext: purpose });
    expect(opened).toMatchObject({ target: "TrentService.Decrypt", KeyId: keyId, EncryptionContext: purpose });
  },
);

describe("what is no data key of its own is nothing", () => {
  test("another purpose, altered, cut off, another key, empty", async () => {
    const service = await connect();
    const { wrapped } = await service.makeDataKey(purpose);
    const altered = Buffer.from(wrapped);
    altered[altered.length - 1] = 255 - (altered.at(-1) as number);
    const { wrapped: others } = await (await connect({ keyId: keyArn.replace("1234abcd", "5678abcd") })).makeDataKey(purpose);
    expect(await service.openDataKey(wrapped, { ...purpose, key: "kms-2" })).toBeUndefined();
    for (const bytes of [altered, wrapped.slice(0, 40), others, new Uint8Array()])
      expect(await service.openDataKey(bytes, purpose)).toBeUndefined();
  });
});

describe("away", () => {
  const failure = async (asked: Promise<unknown>): Promise<{ readonly error: unknown; readonly ms: number }> => {
    const startedAt = performance.now();
    const error = await asked.then(
      () => "it answered",
      (error: unknown) => error,
    );
    return { error, ms: performance.now() - startedAt };
  };
  const causeOf = ({ error }: { readonly error: unknown }) => {
    expect(error).toBeInstanceOf(KeyServiceUnavailable);
    return ((error as Error).cause as Error).message;
  };

  test.each([
    ["a disabled key", () => Object.assign(kms.keys, { disabled: true }), "AWS KMS: DisabledException"],
    ["throttling", () => Object.assign(kms.keys, { throttled: true }), "AWS KMS: ThrottlingException"],
    [
      "a fault of its own",
      () => Object.assign(kms.state, { behaviour: { kind: "answer", ...fault("KMSInternalException", 500) } }),
      "AWS KMS: KMSInternalException",
    ],
    [
      "no permission",
      () => Object.assign(kms.state, { behaviour: { kind: "answer", ...fault("AccessDeniedException") } }),
      "AWS KMS: AccessDeniedException",
    ],
    ["a connection that is cut", () => Object.assign(kms.state, { behaviour: { kind: "reset" } }), "AWS KMS: unreachable"],
    ["an answer that is cut", () => Object.assign(kms.state, { behaviour: { kind: "reset_in_answer" } }), "AWS KMS: unreachable"],
    ["an answer without end", () => Object.assign(kms.state, { behaviour: { kind: "huge" } }), "AWS KMS: provider_error"],
    ["silence", () => Object.assign(kms.state, { behaviour: { kind: "hang" } }), "AWS KMS: timeout"],
    ["an answer that drips", () => Object.assign(kms.state, { behaviour: { kind: "drip" } }), "AWS KMS: timeout"],
    [
      "a redirect",
      () => Object.assign(kms.state, { behaviour: { kind: "answer", status: 307, body: "", headers: { location: "/" } } }),
      /^AWS KMS: \w+$/,
    ],
    [
      "no JSON",
      () => Object.assign(kms.state, { behaviour: { kind: "answer", status: 200, body: `{"Plaintext":"${"A".repeat(43)}=` } }),
      "AWS KMS: SyntaxError",
    ],
    [
      "a short key",
      () => Object.assign(kms.state, { behaviour: { kind: "answer", ...json(200, { Plaintext: "AAAA", CiphertextBlob: "AAAA" }) } }),
      "AWS KMS: it answered without a data key",
    ],
    [
      "no key",
      () => Object.assign(kms.state, { behaviour: { kind: "answer", ...json(200, {}) } }),
      "AWS KMS: it answered without a data key",
    ],
  ])("%s: says so within its time, in a word that holds nothing of the answer, asked once", async (_, begin, cause) => {
    const service = await connect();
    const { wrapped } = await service.makeDataKey(purpose);
    begin();
    kms.requests.length = 0;
    const made = await failure(service.makeDataKey(purpose));
    const opened = await failure(service.openDataKey(wrapped, purpose));
    for (const failed of [made, opened]) {
      expect(causeOf(failed)).toEqual(typeof cause === "string" ? cause : expect.stringMatching(cause));
      expect(failed.ms).toBeLessThan(2_000);
      expect(inspect(failed.error, { depth: 9, showHidden: true })).not.toMatch(/AAAA|arn:aws|wJalr/);
    }
    expect(kms.requests).toHaveLength(2);
  });

  test("nobody there", async () => {
    const gone = await startKms();
    await gone.stop();
    expect(causeOf(await failure((await connect({ baseUrl: gone.baseUrl })).makeDataKey(purpose)))).toBe("AWS KMS: unreachable");
  });

  test("wrong credentials", async () => {
    const wrong = await connect({ accessKey: { ...accessKey, secret: "wrong" } });
    expect(causeOf(await failure(wrong.makeDataKey(purpose)))).toBe("AWS KMS: InvalidSignatureException");
  });

  test("after three failures in a row nobody waits; a second later it is tried again", async () => {
    const service = await connect();
    kms.state.behaviour = { kind: "hang" };
    await Promise.all([1, 2, 3].map(() => failure(service.makeDataKey(purpose))));
    const many = await Promise.all(Array.from({ length: 100 }, () => failure(service.makeDataKey(purpose))));
    expect(Math.max(...many.map(({ ms }) => ms))).toBeLessThan(200);
    expect(kms.requests).toHaveLength(3);
    kms.state.behaviour = { kind: "api" };
    await vi.waitFor(() => service.makeDataKey(purpose), { timeout: 3_000, interval: 50 });
  });
});

test("the environment has no say in region, credentials or address", async () => {
  const elsewhere = "http://127.0.0.1:9";
  const variables = {
    AWS_REGION: "us-west-1",
    AWS_ACCESS_KEY_ID: "FROMENVIRONMENT00000",
    AWS_SECRET_ACCESS_KEY: "environment",
    AWS_ENDPOINT_URL: elsewhere,
    AWS_ENDPOINT_URL_KMS: elsewhere,
    AWS_MAX_ATTEMPTS: "5",
    HTTP_PROXY: elsewhere,
  };
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const service = await connect();
  await service.makeDataKey(purpose);
  expect(kms.requests[0]?.headers.authorization).toContain(`Credential=${accessKey.id}/`);
});
