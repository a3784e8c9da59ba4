import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessKey, type Kms, keyArn, region, startKms } from "../providers/kms-api.ts";
import { mustSucceed } from "../rpc/cases.ts";
import { authenticatorCall, codeAt, importToken, newUser, openFor, stepNow } from "./authenticators-kit.ts";
import { challengeCall, outcome, timed, verify, wrong } from "./calls.ts";
import { secretsIn } from "./secrets-in.ts";
import { newKey, plantedInSqlite, withKeys } from "./secrets-kit.ts";
import { launch, newSqlite, seen, startService } from "./service.ts";
import { sqliteContents } from "./store-contents.ts";

let kms: Kms;
beforeAll(async () => {
  kms = await startKms();
});
afterAll(() => kms.stop());

const kmsKey = () => ({ id: "kms", awsKms: { keyId: keyArn, region, accessKey, baseUrl: kms.baseUrl, timeoutSeconds: 0.5 } });

describe("with its keys in AWS KMS", () => {
  it("enrols and verifies, asks once for many, and keeps nothing in the clear", async () => {
    const { path, url } = newSqlite();
    const env = withKeys(kmsKey());
    const service = await startService({ store: url, env });
    const tokens = await Promise.all(Array.from({ length: 10 }, () => importToken(service, "totp")));
    expect(kms.counts).toEqual({ GenerateDataKey: 1, Decrypt: 0 });
    for (const token of tokens)
      expect(
        outcome(await service.gRPC.send(verify(await openFor(service.gRPC, token.subject, "TOTP"), codeAt("totp", token, stepNow())))),
      ).toBe("OK");
    const other = await startService({ store: url, env });
    const codes = tokens.map((token) => ({ token, code: codeAt("totp", token, stepNow() + 1) }));
    for (const { token, code } of codes)
      expect(outcome(await other.gRPC.send(verify(await openFor(other.gRPC, token.subject, "TOTP"), code)))).toBe("OK");
    expect(kms.counts).toEqual({ GenerateDataKey: 1, Decrypt: 1 });
    const secrets = tokens.flatMap(({ base32, secret }) => [
      { name: "a secret", text: base32 },
      { name: "its bytes", text: secret.toString("base64url") },
    ]);
    const logs = [service, other].map((each) => ({ name: "the log", bytes: Buffer.from(each.stdout() + each.stderr()) }));
    expect(
      secretsIn([...(await sqliteContents(path).read()), ...logs], [...secrets, { name: "the access key", text: accessKey.secret }]),
    ).toEqual([]);
  });

  it("away: enrolment and verification say so at once, nothing is charged, and all is well when it is back", async () => {
    const { url } = newSqlite();
    const env = withKeys(kmsKey());
    const first = await startService({ store: url, env });
    const token = await importToken(first, "totp");
    await first.stop();
    // A process that has no data key at hand.
    kms.state.behaviour = { kind: "hang" };
    const service = await startService({ store: url, env });
    const challengeId = await openFor(service.gRPC, token.subject, "TOTP");
    const left = async () =>
      (await mustSucceed(service.gRPC, challengeCall("GetChallenge", challengeId))).challenge as { attemptsRemaining: number };
    const { attemptsRemaining } = await left();
    const code = codeAt("totp", token, stepNow());
    for (let tried = 0; tried < 12; tried++) {
      const { value, ms } = await timed(service.gRPC.send(verify(challengeId, tried % 2 === 0 ? code : wrong(code))));
      expect(outcome(value)).toBe("STORE_UNAVAILABLE");
      expect(ms).toBeLessThan(tried < 3 ? 2_500 : 1_500);
    }
    expect((await left()).attemptsRemaining).toBe(attemptsRemaining);
    await expect(authenticatorCall(service, "EnrolTotp", { subject: newUser(), name: "Phone", accountName: "jane" })).rejects.toThrow(
      /STORE_UNAVAILABLE/,
    );
    await seen(service, "key_service_lost");
    expect(service.log().filter(({ event }) => event === "key_service_lost")).toEqual([
      expect.objectContaining({ level: "error", key: "kms", err: expect.objectContaining({ message: "AWS KMS: timeout" }) }),
    ]);
    kms.state.behaviour = { kind: "api" };
    await expect
      .poll(async () => outcome(await service.gRPC.send(verify(challengeId, codeAt("totp", token, stepNow())))), { timeout: 5_000 })
      .toBe("OK");
    expect(await seen(service, "key_service_back")).toMatchObject({ key: "kms" });
  });

  it("a disabled key stops who has no data key at hand, and is named in the log", async () => {
    const { url } = newSqlite();
    const env = withKeys(kmsKey());
    const first = await startService({ store: url, env });
    const token = await importToken(first, "hotp");
    kms.keys.disabled = true;
    const second = await startService({ store: url, env });
    const answers = [];
    for (const { gRPC } of [first, second])
      answers.push(outcome(await gRPC.send(verify(await openFor(gRPC, token.subject, "HOTP"), codeAt("hotp", token, answers.length)))));
    kms.keys.disabled = false;
    expect(answers).toEqual(["OK", "STORE_UNAVAILABLE"]);
    expect(await seen(second, "key_service_lost")).toMatchObject({ err: { message: "AWS KMS: DisabledException" } });
  });

  it("secrets move into KMS and out of it again", async () => {
    const { path, url } = newSqlite();
    const planted = plantedInSqlite(path);
    const local = newKey("local");
    const before = await startService({ store: url, env: withKeys(local) });
    const tokens = await Promise.all(Array.from({ length: 5 }, () => importToken(before, "hotp")));
    await before.stop();
    for (const [counter, [newest, older]] of (
      [
        [kmsKey(), local],
        [local, kmsKey()],
      ] as const
    ).entries()) {
      const asked = kms.counts.GenerateDataKey + kms.counts.Decrypt;
      const command = launch({ store: url, env: withKeys(newest, older) }, ["reencrypt", "--json"]);
      expect((await command.exited).code).toBe(0);
      expect(JSON.parse(command.stdout())).toMatchObject({ newest: newest.id, moved: 5, left: {}, removable: [older.id] });
      expect(kms.counts.GenerateDataKey + kms.counts.Decrypt).toBe(asked + 1);
      expect(await planted.countUnder(newest.id)).toBe(5);
      const service = await startService({ store: url, env: withKeys(newest) });
      for (const token of tokens)
        expect(
          outcome(await service.gRPC.send(verify(await openFor(service.gRPC, token.subject, "HOTP"), codeAt("hotp", token, counter)))),
        ).toBe("OK");
      await service.stop();
    }
  });

  it("re-encryption that KMS leaves ends with what to do", async () => {
    const { path, url } = newSqlite();
    const local = newKey("local");
    const service = await startService({ store: url, env: withKeys(local) });
    await importToken(service, "hotp");
    kms.keys.disabled = true;
    const command = launch({ store: url, env: withKeys(kmsKey(), local) }, ["reencrypt"]);
    const { code } = await command.exited;
    kms.keys.disabled = false;
    expect(code).toBe(1);
    expect(command.stderr()).toContain("Stopped: the service that keeps the key of secrets cannot be reached: AWS KMS: ");
    expect(command.stderr()).toContain("run it again for the rest");
    expect(await plantedInSqlite(path).countUnder("local")).toBe(1);
  });
});
