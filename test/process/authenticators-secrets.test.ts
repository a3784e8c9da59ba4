import { DatabaseSync } from "node:sqlite";
import { MongoClient } from "mongodb";
import { afterAll, describe, expect, it } from "vitest";
import { authenticatorFormat } from "../../src/channels/authenticator-format.ts";
import { authenticatorCall, codeAt, importToken, newUser, openFor, recoveryCodes, stepNow, type Token } from "./authenticators-kit.ts";
import { outcome, verify } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { type Secret, secretsIn } from "./secrets-in.ts";
import { newSqlite, seen, startService } from "./service.ts";
import { mongoContents, type StoreContents, sqliteContents } from "./store-contents.ts";

/** Puts the stored secret of one authenticator in the place of another's, behind the service's back. */
type Transplant = (from: Token, to: Token) => Promise<void>;

const kinds: readonly { readonly name: string; make(): { url: string; contents: StoreContents; transplant: Transplant } }[] = [
  {
    name: "SQLite",
    make() {
      const { path, url } = newSqlite();
      return { url, contents: sqliteContents(path), transplant: async (from, to) => transplantInSqlite(path, from, to) };
    },
  },
  ...(hasMongo
    ? [
        {
          name: "MongoDB",
          make() {
            const url = newMongo();
            const client = new MongoClient(url);
            afterAll(() => client.close());
            return { url, contents: mongoContents(url), transplant: (from: Token, to: Token) => transplantInMongo(client, from, to) };
          },
        },
      ]
    : []),
];

describe.each(kinds)("what lies in the database: $name", ({ make }) => {
  it("no secret and no code, and what is moved between records is of no use", async () => {
    const { url, contents, transplant } = make();
    const service = await startService({ store: url });
    const subject = newUser();
    const enrolled = (await authenticatorCall(service, "EnrolTotp", { subject, name: "Phone", accountName: "jane" })).enrolment as {
      secret: string;
      otpauthUri: string;
    };
    const [mine, token] = [await importToken(service, "totp"), await importToken(service, "hotp", { counter: "5" })];
    const codes = await recoveryCodes(service, subject);
    const shown = codeAt("totp", mine, stepNow());
    expect(outcome(await service.gRPC.send(verify(await openFor(service.gRPC, mine.subject, "TOTP"), shown)))).toBe("OK");
    expect(outcome(await service.gRPC.send(verify(await openFor(service.gRPC, subject, "RECOVERY_CODE"), codes[0])))).toBe("OK");
    const secrets: Secret[] = [
      { name: "an enrolled secret", text: enrolled.secret },
      { name: "its bytes", text: Buffer.from(authenticatorFormat.readBase32(enrolled.secret) ?? []).toString("hex") },
      ...[mine, token].flatMap(({ base32, secret }) => [
        { name: "an imported secret", text: base32 },
        { name: "its bytes", text: secret.toString("hex") },
        { name: "its bytes in Base64", text: secret.toString("base64url") },
      ]),
      ...codes.flatMap((code) => [
        { name: "a recovery code", text: code },
        { name: "a recovery code", text: code.replaceAll("-", "") },
      ]),
      ...[mine.subject, subject].map((text) => ({ name: "a subject", text })),
    ];
    expect(secretsIn(await contents.read(), secrets)).toEqual([]);
    expect(secretsIn([{ name: "the log", bytes: Buffer.from(service.stdout() + service.stderr()) }], secrets)).toEqual([]);
    const thief = await importToken(service, "totp");
    const victim = await importToken(service, "totp");
    await transplant(thief, victim);
    const challengeId = await openFor(service.gRPC, victim.subject, "TOTP");
    for (const token of [thief, victim])
      expect(outcome(await service.gRPC.send(verify(challengeId, codeAt("totp", token, stepNow()))))).toBe("INTERNAL");
    const line = await seen(service, "authenticator_unreadable");
    expect(line).toMatchObject({
      level: "error",
      application: "dev",
      authenticator: victim.authenticatorId,
      keyId: "dev",
      why: expect.stringContaining("moved"),
    });
    const others = await openFor(service.gRPC, thief.subject, "TOTP");
    expect(outcome(await service.gRPC.send(verify(others, codeAt("totp", thief, stepNow()))))).toBe("OK");
  });
});

function transplantInSqlite(path: string, from: Token, to: Token): void {
  const connection = new DatabaseSync(path, { timeout: 2_000 });
  const rows = connection.prepare("SELECT id, record FROM ledgers").all() as { id: string; record: string }[];
  const found = rows.map(({ id, record }) => ({ id, record: JSON.parse(record) as Stored }));
  const sealed = found.find(({ record }) => record.authenticators?.[from.authenticatorId])?.record.authenticators?.[from.authenticatorId]
    ?.secret;
  const target = found.find(({ record }) => record.authenticators?.[to.authenticatorId]);
  const stored = target?.record.authenticators?.[to.authenticatorId];
  if (!stored || !sealed) throw new Error("there are no such authenticators");
  stored.secret = sealed;
  connection.prepare("UPDATE ledgers SET record = ? WHERE id = ?").run(JSON.stringify(target.record), target.id);
  connection.close();
}

type Stored = { authenticators?: Record<string, { secret: string }> };

async function transplantInMongo(client: MongoClient, from: Token, to: Token): Promise<void> {
  const ledgers = client.db().collection<Stored & { _id: string }>("ledgers");
  const at = ({ authenticatorId }: Token): string => `authenticators.${authenticatorId}`;
  const donor = await ledgers.findOne({ [at(from)]: { $exists: true } });
  const secret = donor?.authenticators?.[from.authenticatorId]?.secret;
  const { matchedCount } = await ledgers.updateOne({ [at(to)]: { $exists: true } }, { $set: { [`${at(to)}.secret`]: secret } });
  if (matchedCount !== 1 || !secret) throw new Error("there are no such authenticators");
}
