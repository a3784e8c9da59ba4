import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto";
import { ledgerKeyBytes, nonceBytes } from "./challenge-id.ts";
import type { RandomBytes } from "./code.ts";
import type { ChallengeRef } from "./ledger.ts";

/**
 * Everything that is done with keys. None of them is in the database, so that a stolen database holds no phone book and
 * no code that could be found by trying all million of them.
 *
 * The ledger key names ledgers and never changes: with another one, every limit would start afresh. The code keys rotate: the
 * first signs, all of them verify, and one may be dropped when the longest lifetime has passed since it signed last.
 */
export type Secrets = {
  readonly ledgerKey: Uint8Array;
  readonly codeKeys: readonly { readonly id: string; readonly secret: Uint8Array }[];
};

export type Keyring = {
  /** The name of a recipient's ledger. */
  readonly ledgerOf: (application: string, recipientKey: string) => string;
  /** The nonce of a send with an idempotency key, so that a retry meets its own challenge. */
  readonly nonceOf: (ledger: string, idempotencyKey: string) => string;
  /** For comparing without storing: request ids, idempotency keys and what was asked under them, purpose and binding. */
  readonly digest: (...parts: readonly string[]) => string;
  /** Hashes of one code under every live key, the signing one first. */
  readonly hashCode: (ref: ChallengeRef, context: string, code: string) => readonly [string, ...string[]];
  /** Encrypts what a resend needs to know; it opens only for the same challenge. */
  readonly seal: (ref: ChallengeRef, plain: string) => string;
  readonly unseal: (ref: ChallengeRef, sealed: string) => string;
};

export function createKeyring(secrets: Secrets, random: RandomBytes): Keyring {
  const [ledgerKey, nonceKey, digestKey] = ["ledger", "nonce", "digest"].map((use) => derive(secrets.ledgerKey, use)) as [
    KeyObject,
    KeyObject,
    KeyObject,
  ];
  const codeKeys = secrets.codeKeys.map(({ id, secret }) => ({ id, hash: derive(secret, "code"), seal: derive(secret, "seal") }));
  const [signing] = codeKeys;
  if (!signing) throw new TypeError("a keyring needs at least one code key");
  return {
    ledgerOf: (application, recipientKey) => mac(ledgerKey, [application, recipientKey], ledgerKeyBytes),
    nonceOf: (ledger, idempotencyKey) => mac(nonceKey, [ledger, idempotencyKey], nonceBytes),
    digest: (...parts) => mac(digestKey, parts, 18),
    hashCode(ref, context, code) {
      const parts = [ref.application, ref.ledger, ref.nonce, context, code];
      return codeKeys.map((key) => mac(key.hash, parts, 32)) as [string, ...string[]];
    },
    seal: (ref, plain) => `${signing.id}.${encrypt(signing.seal, ref, plain, random(12))}`,
    unseal(ref, sealed) {
      const dot = sealed.lastIndexOf(".");
      const key = codeKeys.find(({ id }) => id === sealed.slice(0, dot));
      if (!key) throw new Error(`no code key has the id ${JSON.stringify(sealed.slice(0, dot))} that a stored challenge names`);
      return decrypt(key.seal, ref, sealed.slice(dot + 1));
    },
  };
}

/** Whether any hash of one list is in the other, in a time that does not depend on where they differ. */
export function anyHashEqual(some: readonly string[], others: readonly string[]): boolean {
  let equal = false;
  for (const one of some)
    for (const other of others) if (one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))) equal = true;
  return equal;
}

const derive = (secret: Uint8Array, use: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", `countersign ${use}`, 32)));

/** Each part is prefixed by its length, so that no two lists of parts read the same. `bytes`: a multiple of three, or all 32. */
const mac = (key: KeyObject, parts: readonly string[], bytes: number): string =>
  createHmac("sha256", key)
    .update(parts.map((part) => `${part.length}:${part}`).join(""))
    .digest("base64url")
    .slice(0, Math.ceil((bytes * 4) / 3));

function encrypt(key: KeyObject, ref: ChallengeRef, plain: string, nonce: Uint8Array): string {
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(ref.ledger + ref.nonce));
  return Buffer.concat([nonce, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

function decrypt(key: KeyObject, ref: ChallengeRef, text: string): string {
  const bytes = Buffer.from(text, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), { authTagLength: 16 })
    .setAAD(Buffer.from(ref.ledger + ref.nonce))
    .setAuthTag(bytes.subarray(-16));
  return decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8");
}
