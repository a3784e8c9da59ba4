import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { BSON, MongoClient } from "mongodb";
import { afterAll, describe, expect, test } from "vitest";
import type { LedgerAuthenticator } from "../../src/otp/authenticator.ts";
import { createKeyring } from "../../src/otp/keyring.ts";
import { type Ledger, maxChallenges, maxReference, maxTried, maxVendorCode, type TriedProvider } from "../../src/otp/ledger.ts";
import { never } from "../../src/otp/ledger-limits.ts";
import { recordDelivery } from "../../src/otp/ledger-messages.ts";
import { emptyLedger, openChallenge, resendChallenge, verifyChallenge } from "../../src/otp/ledger-rules.ts";
import { keptReference } from "../../src/otp/receipt.ts";
import type { LedgerLimits } from "../../src/otp/types.ts";
import { maxMessageBytes } from "../../src/rpc/service.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { findMongo } from "./databases.ts";
import { guessing, minute, newRef, opening, recording, resending } from "./requests.ts";
import { newPath } from "./sqlite-file.ts";

/** What the documentation promises of one record, in either store: a tenth of what MongoDB takes. */
const promised = 1.5 * 1024 * 1024;

const mongo = await findMongo();
afterAll(() => mongo?.stop());

/** Each at its upper bound in `src/config/application-settings.ts`. */
const limits: LedgerLimits = {
  guessesPerChallenge: 10,
  sendsPerChallenge: 10,
  cooldownsMs: [0],
  failureWindows: [{ windowMs: 1_440 * minute, max: 100 }],
  failuresInRow: 100,
  sendWindows: [{ windowMs: 1_440 * minute, max: 100 }],
};

const digest = (bytes: number): string => randomBytes(bytes).toString("base64url");
const idempotency = () => ({ key: digest(18), content: digest(18) });
const longName = "p".repeat(40);
const trace = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const tried: readonly TriedProvider[] = Array.from({ length: maxTried }, () => ({
  provider: longName,
  failure: "credentials_refused",
  vendorCode: "v".repeat(maxVendorCode),
  durationMs: 100_000.123,
}));

/** Nothing that a request can say is longer than a request, and some is added to it. */
const keyring = createKeyring({ ledgerKey: randomBytes(32), codeKeys: [{ id: "k".repeat(32), secret: randomBytes(32) }] }, randomBytes);
const ref = newRef("a".repeat(40));
const sealed = keyring.seal(ref, "x".repeat(maxMessageBytes + 1_024));

/** A data key as wrapped by AWS KMS is at most 6,144 bytes (https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html). */
const authenticators = Object.fromEntries(
  Array.from({ length: 20 }, (_, index): [string, LedgerAuthenticator] => [
    digest(12),
    {
      kind: index === 0 ? "recovery_code" : "totp",
      name: "ⓝ".repeat(64),
      createdAt: 1_800_000_000_000,
      lastUsedAt: 1_800_000_000_000,
      attempts: 10,
      secret: index === 0 ? "" : `${"k".repeat(32)}.${digest(6_144)}.${digest(160)}`,
      algorithm: "sha512",
      digits: 8,
      periodSeconds: 120,
      next: 2 ** 48,
      drift: -10,
      ...(index === 0 && { salt: digest(16), unused: Array.from({ length: 50 }, () => digest(18)) }),
    },
  ]),
);

/** All that a recipient can bring about within the time that challenges are remembered, by the rules themselves. */
function fillLedger(now: number): Ledger {
  const ledger: Ledger = { ...emptyLedger(ref.application), authenticators };
  for (let count = 0; count < maxChallenges; count++) {
    const nonce = digest(12);
    const of = { ...ref, nonce };
    const message = () => ({ codeHash: digest(32), codeLength: 10, sealed, idempotency: idempotency(), trace });
    const send = opening(of, {
      purpose: "p".repeat(64),
      context: digest(18),
      lifetimeMs: 10 * minute,
      limits,
      subject: digest(15),
      fallback: { channels: ["voice", "email", "whatsapp", "push"], afterMs: 300_000 },
      message: message(),
    });
    expect(openChallenge(ledger, send, now).status).toBe("opened");
    // As many messages as the day has left: each as long as it can be.
    const more = Math.floor((100 - maxChallenges) / maxChallenges);
    for (let resend = 0; resend < more; resend++)
      expect(resendChallenge(ledger, resending(of, { keepPrevious: true, limits, message: message() }), now).status).toBe("opened");
    for (const deliveryId of Object.keys(ledger.challenges[nonce]?.deliveries ?? {})) {
      for (const state of ["unknown", "accepted", "delivered", "failed"] as const) {
        const told = { state, provider: longName, ...keptReference("r".repeat(maxReference)) };
        const why = { failure: "credentials_refused", vendorCode: "v".repeat(maxVendorCode), tried } as const;
        recordDelivery(ledger, recording(of, deliveryId, { ...told, ...(state === "failed" && why) }), now);
      }
    }
    const guess = (code: string) =>
      guessing(of, code, { limits, context: send.context, subjectCharged: true, request: { id: digest(18), content: digest(18) } });
    for (let wrong = 0; wrong < 9; wrong++) expect(verifyChallenge(ledger, guess("wrong"), now).status).toBe("mismatch");
    // Being right is what lets the next challenge be guessed at; the last one stays open, for the store to work on.
    if (count < maxChallenges - 1)
      expect(verifyChallenge(ledger, guess(ledger.challenges[nonce]?.codes.at(-1) ?? ""), now).status).toBe("approved");
  }
  return ledger;
}

const momentFields =
  /^(createdAt|expiresAt|resendAt|verifiedAt|updatedAt|leaseUntil|lastUsedAt|confirmBy|at|unknown|accepted|delivered|failed)$/;
function asDates(value: unknown, name = ""): unknown {
  if (typeof value === "number") return momentFields.test(name) ? new Date(value) : value;
  if (Array.isArray(value)) return value.map((item) => asDates(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asDates(item, key)]));
}

/** What guesses leave that were decided together with others'. */
const withGuesses = (challenges: Ledger["challenges"]) =>
  Object.fromEntries(
    Object.entries(challenges).map(([nonce, challenge]) => {
      const guesses = Array.from({ length: challenge.attempts }, () => `binding_mismatch.${digest(12)}`);
      return [nonce, { ...challenge, guesses }];
    }),
  );

describe("the largest record that there can be", () => {
  const ledger = fillLedger(Date.now());
  const { application, challenges, sends, failures, ...rest } = ledger;
  const [nonce = "", challenge] = Object.entries(challenges).at(-1) ?? [];
  const guess = guessing({ ...ref, nonce }, challenge?.codes.at(-1) ?? "", {
    limits,
    context: challenge?.context ?? "",
    subjectCharged: true,
  });

  test("is as full as it can be", () => {
    expect(Object.keys(challenges)).toHaveLength(maxChallenges);
    expect(Object.values(challenges).flatMap(({ answers }) => Object.keys(answers)).length).toBe(maxChallenges * 10 - 1);
    expect(sends).toHaveLength(96);
    expect(keptReference("r".repeat(maxReference + 1))).toEqual({});
  });

  test("stays below what is promised in SQLite, and is worked on as any other", async ({ annotate }) => {
    const path = newPath();
    const store = await openSqliteStore({ path });
    const file = new DatabaseSync(path, { timeout: 5_000 });
    const record = JSON.stringify({ sends, failures, challenges, ...rest });
    file
      .prepare("INSERT INTO ledgers (id, application, record, updated_at, purge_at) VALUES (?, ?, ?, 1, ?)")
      .run(ref.ledger, application, record, never);
    expect(await store.verify(guess)).toMatchObject({ status: "approved" });
    const { bytes } = file.prepare("SELECT octet_length(record) AS bytes FROM ledgers").get() as { bytes: number };
    await annotate(`${bytes} bytes`);
    expect(bytes).toBeGreaterThan(promised / 4);
    expect(bytes).toBeLessThan(promised);
    file.close();
    await store.close();
  });

  test.skipIf(!mongo)("and in MongoDB", async ({ annotate }) => {
    const url = mongo?.newDatabase() ?? "";
    const client = new MongoClient(url);
    const store = await openMongoStore({ url, timeoutMs: 10_000, groupFrom: 1 });
    const ledgers = client.db().collection<{ _id: string }>("ledgers");
    const [at, until] = [new Date(), new Date(never)];
    const moments = { sends: sends.map((each) => new Date(each)), failures: failures.map((each) => new Date(each)) };
    const document = { _id: ref.ledger, application, ...(asDates({ open: withGuesses(challenges), ...rest }) as object), ...moments };
    await ledgers.insertOne({ ...document, at, verdict: "opened", keepUntil: until, purgeAt: until, wakeAt: at } as { _id: string });
    expect(await store.verify(guess)).toMatchObject({ status: "approved" });
    const bytes = BSON.calculateObjectSize((await ledgers.findOne({ _id: ref.ledger })) ?? {});
    await annotate(`${bytes} bytes`);
    expect(bytes).toBeGreaterThan(promised / 4);
    expect(bytes).toBeLessThan(promised);
    await store.close();
    await client.close();
    await mongo?.drop(url);
  });
});
