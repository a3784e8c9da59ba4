import { createHash, timingSafeEqual } from "node:crypto";

/** Whether a text is the SHA-256 of that, in hexadecimal; in a time that does not tell how much of it is right. */
export function isSha256(claimed: unknown, content: string | Buffer): boolean {
  if (typeof claimed !== "string" || !/^[0-9a-f]{64}$/i.test(claimed)) return false;
  return timingSafeEqual(Buffer.from(claimed, "hex"), createHash("sha256").update(content).digest());
}
