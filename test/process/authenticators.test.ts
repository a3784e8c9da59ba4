import { beforeAll, describe, expect, it } from "vitest";
import { hasOathtool, oathtoolHotp, oathtoolTotp } from "../channels/oathtool.ts";
import type { WireClient } from "../rpc/wire-clients.ts";
import { codeAt, importToken, newUser, openFor, recoveryCodes, stepNow } from "./authenticators-kit.ts";
import { outcome, parallel, tally, timed, verify } from "./calls.ts";
import { stores } from "./databases.ts";
import { type Service, startService } from "./service.ts";

describe.each(stores)("two processes on one database: $name", ({ newUrl }) => {
  const store = newUrl();
  let replicas: readonly [Service, Service];
  let wires: readonly WireClient[];
  beforeAll(async () => {
    replicas = await Promise.all([startService({ store }), startService({ store })]);
    wires = replicas.flatMap((replica) => [replica.gRPC, replica.JSON]);
  });

  /** 200 at once, over four challenges and both processes: one OK, and what the rest may be told. */
  async function raceFor(subject: string, channel: string, code: string): Promise<void> {
    const challenges = await Promise.all(wires.map((wire) => openFor(wire, subject, channel)));
    const answers = await parallel(200, wires, (index) => verify(challenges[(index >> 2) % 4] as string, code));
    const { OK, CODE_ALREADY_USED = 0, CODE_MISMATCH = 0, TOO_MANY_ATTEMPTS = 0 } = tally(answers);
    expect({ OK, others: CODE_ALREADY_USED + CODE_MISMATCH + TOO_MANY_ATTEMPTS }).toEqual({ OK: 1, others: 199 });
    expect(CODE_MISMATCH).toBeLessThanOrEqual(20);
  }

  it("200 parallel right TOTP codes: one is accepted, and the step before it never after", async () => {
    const token = await importToken(replicas[0], "totp");
    const step = stepNow();
    await raceFor(token.subject, "TOTP", codeAt("totp", token, step));
    const other = await importToken(replicas[0], "totp");
    const [first, second] = [
      await openFor(wires[0] as WireClient, other.subject, "TOTP"),
      await openFor(wires[3] as WireClient, other.subject, "TOTP"),
    ];
    const now = stepNow();
    expect(outcome(await replicas[0].gRPC.send(verify(first, codeAt("totp", other, now))))).toBe("OK");
    for (const step of [now - 1, now])
      expect(outcome(await replicas[1].JSON.send(verify(second, codeAt("totp", other, step))))).toBe("CODE_MISMATCH");
    expect(outcome(await replicas[1].JSON.send(verify(second, codeAt("totp", other, now + 1))))).toBe("OK");
  });

  it("200 parallel right HOTP codes: one is accepted", async () => {
    const token = await importToken(replicas[0], "hotp", { counter: "41" });
    await raceFor(token.subject, "HOTP", codeAt("hotp", token, 43));
  });

  it("200 parallel right recovery codes: one is accepted", async () => {
    const subject = newUser();
    const [code] = await recoveryCodes(replicas[0], subject);
    await raceFor(subject, "RECOVERY_CODE", code);
  });

  it.skipIf(!hasOathtool())("codes of oathtool are right", async () => {
    for (const form of [
      { algorithm: "sha1", digits: 6, periodSeconds: 30 },
      { algorithm: "sha256", digits: 8, periodSeconds: 60 },
      { algorithm: "sha512", digits: 7, periodSeconds: 120 },
    ] as const) {
      const algorithm = `DIGEST_ALGORITHM_${form.algorithm.toUpperCase()}`;
      const token = await importToken(replicas[0], "totp", { ...form, algorithm });
      const challengeId = await openFor(replicas[1].gRPC, token.subject, "TOTP");
      expect(outcome(await replicas[1].gRPC.send(verify(challengeId, await oathtoolTotp(form, token.base32, Date.now()))))).toBe("OK");
    }
    const token = await importToken(replicas[0], "hotp", { digits: 8, counter: "7" });
    const challengeId = await openFor(replicas[1].gRPC, token.subject, "HOTP");
    expect(outcome(await replicas[1].gRPC.send(verify(challengeId, await oathtoolHotp(8, token.base32, 9))))).toBe("OK");
  });

  it("guesses at recovery codes, however many, keep no other call waiting", async () => {
    const subjects = await Promise.all(Array.from({ length: 6 }, () => newUser()));
    for (const subject of subjects) await recoveryCodes(replicas[0], subject);
    const challenges = await Promise.all(subjects.map((subject) => openFor(replicas[0].gRPC, subject, "RECOVERY_CODE")));
    const token = await importToken(replicas[0], "totp");
    const guesses = parallel(300, [replicas[0].gRPC], (index) => verify(challenges[index % 6] as string, "7KWN-C3XP-QT5J"));
    const waits: number[] = [];
    for (let index = 0; index < 5; index++) waits.push((await timed(openFor(replicas[0].JSON, token.subject, "TOTP"))).ms);
    const challengeId = await openFor(replicas[0].JSON, token.subject, "TOTP");
    const { value, ms } = await timed(replicas[0].JSON.send(verify(challengeId, codeAt("totp", token, stepNow()))));
    expect(outcome(value)).toBe("OK");
    // Five guesses for each of six challenges were compared, and no more.
    // On a busy machine, some of those that wait for their turn give up.
    const { DEADLINE_EXCEEDED: gaveUp = 0, ...told } = tally(await guesses);
    expect(told).toEqual({ CODE_MISMATCH: 30, TOO_MANY_ATTEMPTS: 270 - gaveUp });
    expect(Math.max(...waits, ms)).toBeLessThan(5_000);
  });
});
