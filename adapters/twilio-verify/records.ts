/**
 * What the adapter remembers: which challenge a verification is. One record per service and recipient holds the newest verification,
 * so that a check by `To` finds it, and no secondary index is needed: the first 20 digits of a verification's SID name its record.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

export type Details = {
  readonly to: string;
  readonly channel: string;
  readonly amount: string;
  readonly payee: string;
};

export type VerificationRecord = {
  /** 20 hexadecimal digits: an HMAC of account, service and recipient, so that the store holds no phone book. */
  readonly key: string;
  /** Another with every write: what was read is replaced only if nobody else has written since. */
  readonly version: string;
  /** 12 hexadecimal digits that tell the recipient's verifications apart. */
  readonly nonce: string;
  /** Empty until the send was answered. */
  readonly challengeId: string;
  /** `Details`, encrypted. */
  readonly sealed: string;
  readonly startedAt: number;
};

export type Owner = { readonly accountSid: string; readonly serviceSid: string };
export type Crypt = {
  keyOf(owner: Owner, recipientKey: string): string;
  /** VL… of one message, for `send_code_attempts`. */
  attemptSidOf(sid: string, position: number): string;
  seal(key: string, details: Details): string;
  /** Undefined for what was sealed with another secret. */
  unseal(record: VerificationRecord): Details | undefined;
};

const sidForm = /^VE([0-9a-f]{20})([0-9a-f]{12})$/;

export const sidOf = ({ key, nonce }: Pick<VerificationRecord, "key" | "nonce">): string => `VE${key}${nonce}`;

export function parseSid(sid: string): Pick<VerificationRecord, "key" | "nonce"> | undefined {
  const [, key, nonce] = sidForm.exec(sid) ?? [];
  return key !== undefined && nonce !== undefined ? { key, nonce } : undefined;
}

export const newNonce = (): string => randomBytes(6).toString("hex");
export const newVersion = (): string => randomBytes(8).toString("hex");

export function createCrypt(secret: Buffer): Crypt {
  const naming = Buffer.from(hkdfSync("sha256", secret, "", "countersign twilio-verify names", 32));
  const sealing = Buffer.from(hkdfSync("sha256", secret, "", "countersign twilio-verify seals", 32));
  const digest = (...parts: readonly string[]): string => createHmac("sha256", naming).update(JSON.stringify(parts)).digest("hex");
  return {
    keyOf: ({ accountSid, serviceSid }, recipientKey) => digest("record", accountSid, serviceSid, recipientKey).slice(0, 20),
    attemptSidOf: (sid, position) => `VL${digest("attempt", sid, String(position)).slice(0, 32)}`,
    seal(key, details) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", sealing, iv).setAAD(Buffer.from(key));
      const text = Buffer.concat([cipher.update(JSON.stringify(details)), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), text]).toString("base64url");
    },
    unseal({ key, sealed }) {
      const bytes = Buffer.from(sealed, "base64url");
      try {
        const cipher = createDecipheriv("aes-256-gcm", sealing, bytes.subarray(0, 12), { authTagLength: 16 });
        cipher.setAAD(Buffer.from(key)).setAuthTag(bytes.subarray(12, 28));
        return JSON.parse(cipher.update(bytes.subarray(28), undefined, "utf8") + cipher.final("utf8")) as Details;
      } catch {
        return undefined;
      }
    },
  };
}
