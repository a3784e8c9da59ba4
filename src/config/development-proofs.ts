import { createECDH, createHash } from "node:crypto";

/** Known to everybody, so that several processes agree; refused outside of development. */
function knownKey(): string {
  const pair = createECDH("prime256v1");
  pair.setPrivateKey(createHash("sha256").update("countersign development proof key").digest());
  const point = pair.getPublicKey();
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), pair.getPrivateKey()].map((bytes) => bytes.toString("base64url"));
  return JSON.stringify({ kty: "EC", crv: "P-256", x, y, d });
}

export const developmentProofs = {
  issuer: "countersign-development",
  keys: [{ id: "dev", algorithm: "ES256", status: "current", privateKey: knownKey() }],
};
