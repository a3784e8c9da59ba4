import { type CipherKey, createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import type { SecretContext, SecretVault } from "./authenticator-ports.ts";
import type { RandomBytes } from "./code.ts";

/** The first encrypts, all decrypt. */
export type VaultKeys = readonly { readonly id: string; readonly secret: Uint8Array }[];

const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM under keys of the configuration, with the record's identity as associated data. */
export function createLocalVault(keys: VaultKeys, random: RandomBytes): SecretVault {
  const derived = keys.map(({ id, secret }) => ({ id, key: derive(secret) }));
  const [first] = derived;
  if (!first) throw new TypeError("a vault needs at least one key");
  return {
    async seal(secret, context) {
      const bytes = encrypt(first.key, secret, { data: identity(first.id, context), random });
      return `${first.id}.${bytes.toString("base64url")}`;
    },
    async open(sealed, context) {
      const id = keyIdOf(sealed);
      const found = derived.find((each) => each.id === id);
      return found && decrypt(found.key, Buffer.from(sealed.slice(id.length + 1), "base64url"), identity(id, context));
    },
  };
}

/** Of vaults by the ids of their keys, the first one seals, and each opens what it sealed. */
export function joinVaults(vaults: ReadonlyMap<string, SecretVault>): SecretVault {
  const [first] = vaults.values();
  if (!first) throw new TypeError("secrets need at least one key");
  return {
    seal: (secret, context) => first.seal(secret, context),
    open: async (sealed, context) => vaults.get(keyIdOf(sealed))?.open(sealed, context),
  };
}

/** Which key a secret is sealed under; key ids have no dot. */
export const keyIdOf = (sealed: string): string => sealed.slice(0, Math.max(0, sealed.indexOf(".")));

/** The key's id is in it too, so that no text can be passed off under another one. */
export const identity = (keyId: string, { application, ledger, authenticator }: SecretContext): Buffer =>
  Buffer.from([keyId, application, ledger, authenticator].map((part) => `${part.length}:${part}`).join(""));

const derive = (secret: Uint8Array): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", secret, "", "countersign authenticator", 32)));

type Encrypting = { readonly data: Buffer; readonly random: RandomBytes };

export function encrypt(key: CipherKey, secret: Uint8Array, { data, random }: Encrypting): Buffer {
  const nonce = random(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(data);
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** Undefined for what was not encrypted so. */
export function decrypt(key: CipherKey, bytes: Buffer, data: Buffer): Uint8Array | undefined {
  if (bytes.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
    .setAAD(data)
    .setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    // What GCM does not vouch for is nothing at all.
    return undefined;
  }
}
