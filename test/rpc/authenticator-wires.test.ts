import { create, fromJson, type JsonObject } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { type App, startApp } from "../../src/app.ts";
import { authenticatorFormat } from "../../src/channels/authenticator-format.ts";
import type { Config } from "../../src/config/config.ts";
import { AuthenticatorService, DigestAlgorithm } from "../../src/gen/countersign/v1/authenticator_service_pb.js";
import { Channel, CodeService, RecipientSchema } from "../../src/gen/countersign/v1/code_service_pb.js";
import { BadRequestSchema, ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { hashKey } from "../../src/rpc/auth.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { loadDevelopment } from "../config/production.ts";
import { badCases } from "./authenticator-cases.ts";

const { logger } = createLog({ level: "silent" });
const config = loadDevelopment({ COUNTERSIGN_GRPC_ADDR: "127.0.0.1:0", COUNTERSIGN_HTTP_ADDR: "127.0.0.1:0" });
const apps: App[] = [];
const start = async (as: Config): Promise<App> => {
  const app = await startApp(as, logger);
  apps.push(app);
  return app;
};
afterAll(() => Promise.all(apps.map((app) => app.close())));

type Key = { readonly key?: string };
const bearer = ({ key }: Key) => (key ? { interceptors: [withKey(key)] } : {});
const withKey = (key: string) => (next: (request: never) => Promise<never>) => (request: { header: Headers }) => {
  request.header.set("authorization", `Bearer ${key}`);
  return next(request as never);
};

const transports = {
  gRPC: ({ addresses }: App, key: Key = {}) => createGrpcTransport({ baseUrl: `http://${addresses.grpc}`, ...(bearer(key) as object) }),
  "gRPC-Web": ({ addresses }: App, key: Key = {}) =>
    createGrpcWebTransport({ baseUrl: `http://${addresses.http}`, httpVersion: "1.1", ...(bearer(key) as object) }),
  Connect: ({ addresses }: App, key: Key = {}) =>
    createConnectTransport({ baseUrl: `http://${addresses.http}`, httpVersion: "1.1", useBinaryFormat: true, ...(bearer(key) as object) }),
  JSON: ({ addresses }: App, key: Key = {}) =>
    createConnectTransport({ baseUrl: `http://${addresses.http}`, httpVersion: "1.1", useBinaryFormat: false, ...(bearer(key) as object) }),
} as const;

async function refusal(work: Promise<unknown>) {
  const error = await work.then(
    () => new Error("it was allowed"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConnectError)) throw error;
  const fields = error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field));
  return { code: Code[error.code], reason: error.findDetails(ErrorInfoSchema)[0]?.reason, fields: [...new Set(fields)] };
}

/** The call of a case, by the names of the descriptor. */
function call(transport: Transport, method: keyof typeof AuthenticatorService.method, request: JsonObject): Promise<unknown> {
  const { input } = AuthenticatorService.method[method];
  const client = createClient(AuthenticatorService, transport) as unknown as Record<string, (message: unknown) => Promise<unknown>>;
  return (client[method] as (message: unknown) => Promise<unknown>)(fromJson(input, request));
}

const newUser = (): string => `user-${String(Math.random()).slice(2)}`;
const ofSubject = (value: string) => create(RecipientSchema, { kind: { case: "subject", value } });

describe.each(Object.entries(transports))("on %s", (_, connect) => {
  let transport: Transport;
  beforeAll(async () => {
    transport = connect(apps[0] ?? (await start(config)));
  });

  it("an app is enrolled, confirmed, asked, listed and deleted", async () => {
    const authenticators = createClient(AuthenticatorService, transport);
    const codes = createClient(CodeService, transport);
    const subject = newUser();
    const { enrolment } = await authenticators.enrolTotp({ subject, name: "Phone", accountName: "jane" });
    const { authenticatorId = "", channel, algorithm, digits, confirmByTime, createTime } = enrolment?.authenticator ?? {};
    expect({ channel, algorithm, digits }).toEqual({ channel: Channel.TOTP, algorithm: DigestAlgorithm.SHA1, digits: 6 });
    expect(Number(confirmByTime?.seconds) - Number(createTime?.seconds)).toBe(600);
    expect(
      Buffer.from(enrolment?.qrPng ?? [])
        .subarray(1, 4)
        .toString(),
    ).toBe("PNG");
    expect(Buffer.from(enrolment?.qrSvg ?? []).toString()).toMatch(/^<svg /);
    const secret = authenticatorFormat.readBase32(enrolment?.secret ?? "") as Uint8Array;
    const codeAt = (step: number) => authenticatorFormat.codeAt("totp", { algorithm: "sha1", digits: 6 }, secret, step);
    const step = Math.floor(Date.now() / 30_000);
    const { authenticator } = await authenticators.confirmTotp({ subject, authenticatorId, code: codeAt(step) });
    expect(authenticator?.confirmByTime).toBeUndefined();
    const { challenge } = await codes.sendCode({ recipient: ofSubject(subject), channels: [Channel.TOTP, Channel.RECOVERY_CODE] });
    expect(challenge).toMatchObject({ channel: Channel.TOTP, codeLength: 0, sendsRemaining: 0, deliveries: [] });
    const verified = await codes.verifyCode({ challengeId: challenge?.challengeId, code: codeAt(step + 1) });
    expect(verified).toMatchObject({ channel: Channel.TOTP, recipient: ofSubject(subject) });
    const claims = JSON.parse(Buffer.from(verified.proofToken.split(".")[1] ?? "", "base64url").toString());
    expect(claims).toMatchObject({ amr: ["otp"], channel: "totp" });
    const { authenticators: list } = await authenticators.listAuthenticators({ subject });
    expect(list).toMatchObject([{ authenticatorId, name: "Phone" }]);
    await authenticators.deleteAuthenticator({ subject, authenticatorId });
    expect(await refusal(authenticators.deleteAuthenticator({ subject, authenticatorId }))).toMatchObject({
      code: "NotFound",
      reason: "AUTHENTICATOR_NOT_FOUND",
    });
    expect(await refusal(codes.sendCode({ recipient: ofSubject(subject), channels: [Channel.TOTP] }))).toMatchObject({
      reason: "AUTHENTICATOR_NOT_FOUND",
    });
  });

  it("a token is imported and found again, and recovery codes are counted down", async () => {
    const authenticators = createClient(AuthenticatorService, transport);
    const codes = createClient(CodeService, transport);
    const subject = newUser();
    const secret = Buffer.from("12345678901234567890");
    const hotp = (counter: number) => authenticatorFormat.codeAt("hotp", { algorithm: "sha1", digits: 6 }, secret, counter);
    const { authenticators: list } = await authenticators.importAuthenticators({
      subject,
      authenticators: [{ name: "Token", channel: Channel.HOTP, secret: authenticatorFormat.writeBase32(secret), counter: 1n }],
    });
    const { authenticatorId = "" } = list[0] ?? {};
    await authenticators.resyncHotp({ subject, authenticatorId, firstCode: hotp(70), secondCode: hotp(71) });
    const set = await authenticators.generateRecoveryCodes({ subject });
    expect(set.codes).toHaveLength(10);
    const either = { recipient: ofSubject(subject), channels: [Channel.HOTP, Channel.RECOVERY_CODE] };
    const first = await codes.sendCode(either);
    expect(await codes.verifyCode({ challengeId: first.challenge?.challengeId, code: hotp(72) })).toMatchObject({
      channel: Channel.HOTP,
      recoveryCodesRemaining: 0,
    });
    const second = await codes.sendCode(either);
    expect(await codes.verifyCode({ challengeId: second.challenge?.challengeId, code: set.codes[0] })).toMatchObject({
      channel: Channel.RECOVERY_CODE,
      recoveryCodesRemaining: 9,
    });
    expect((await authenticators.listAuthenticators({ subject })).authenticators).toMatchObject([
      { authenticatorId, channel: Channel.HOTP },
      { channel: Channel.RECOVERY_CODE, recoveryCodesRemaining: 9 },
    ]);
  });

  it("every bad field is told by its name", async () => {
    const answers = await Promise.all(badCases.map(({ method, request }) => refusal(call(transport, method, request))));
    expect(badCases.map(({ name }, index) => ({ name, ...answers[index] }))).toEqual(
      badCases.map(({ name, fields }) => ({ name, code: "InvalidArgument", reason: "INVALID_ARGUMENT", fields })),
    );
  });
});

test("a key needs the right, and a browser's has it never", async () => {
  const keys = [
    { key: "codes", rights: ["codes", "proofs"], kind: "service" },
    { key: "authenticators", rights: ["authenticators"], kind: "service" },
    { key: "browser", rights: ["codes"], kind: "browser" },
  ] as const;
  const app = await start({
    ...config,
    keys: keys.map(({ key, ...rest }) => ({ ...rest, hash: hashKey(key), keyId: key, applicationId: "dev" })),
  });
  const subject = newUser();
  for (const connect of Object.values(transports)) {
    const list = (key: string) => createClient(AuthenticatorService, connect(app, { key })).listAuthenticators({ subject });
    expect(await list("authenticators")).toMatchObject({ authenticators: [] });
    for (const key of ["codes", "browser"]) expect(await refusal(list(key))).toMatchObject({ reason: "CALLER_NOT_ALLOWED" });
    expect(await refusal(list("nobody"))).toMatchObject({ reason: "UNAUTHENTICATED" });
    const send = (key: string) =>
      createClient(CodeService, connect(app, { key })).sendCode({ recipient: ofSubject(subject), channels: [Channel.TOTP] });
    expect(await refusal(send("codes"))).toMatchObject({ reason: "AUTHENTICATOR_NOT_FOUND" });
    expect((await send("browser")).challenge).toMatchObject({ channel: Channel.TOTP, attemptsRemaining: 5 });
  }
});

test("without a key for secrets nobody is enrolled", async () => {
  const app = await start({ ...config, authenticatorKeys: undefined });
  const enrol = createClient(AuthenticatorService, transports.Connect(app)).enrolTotp({ subject: "u", name: "Phone" });
  expect(await refusal(enrol)).toMatchObject({ code: "Unimplemented", reason: "UNIMPLEMENTED" });
});
