/** AWS KMS as far as the service uses it: its JSON 1.1 protocol, its checks, and its key, which only it has. */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { json, startVendorServer, type VendorAnswer, type VendorRequest } from "./vendor-server.ts";

export const accessKey = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
export const region = "eu-central-1";
export const keyArn = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

type Asked = {
  readonly KeyId?: string;
  readonly KeySpec?: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
};

export type Kms = Awaited<ReturnType<typeof startKms>>;

/** `keys.disabled` and `keys.throttled` make it refuse as it would; `counts` is what an account would pay for. */
export async function startKms() {
  const masters = new Map([keyArn, keyArn.replace("1234abcd", "5678abcd")].map((arn) => [arn, randomBytes(32)]));
  const aliases = new Map([["alias/countersign", keyArn]]);
  const keys = { disabled: false, throttled: false };
  const counts = { GenerateDataKey: 0, Decrypt: 0 };
  const find = (keyId = ""): { readonly name: string; readonly master: Buffer } | undefined => {
    const arn = [...masters.keys()].find((each) => each === keyId || each.endsWith(`:key/${keyId}`)) ?? aliases.get(keyId);
    const master = arn === undefined ? undefined : masters.get(arn);
    return arn !== undefined && master ? { name: arn, master } : undefined;
  };
  const answer = (request: VendorRequest): VendorAnswer => {
    const refusal = whyNotSigned(request);
    if (refusal) return fault(refusal);
    const [, action = ""] = /^TrentService\.(\w+)$/.exec(String(request.headers["x-amz-target"])) ?? [];
    if (request.headers["content-type"] !== "application/x-amz-json-1.1" || !Object.hasOwn(counts, action))
      return fault("UnknownOperationException");
    if (keys.throttled) return fault("ThrottlingException");
    counts[action as keyof typeof counts] += 1;
    const asked = JSON.parse(request.body) as Asked;
    const found = find(asked.KeyId);
    if (!found) return fault("NotFoundException");
    if (keys.disabled) return fault("DisabledException");
    return action === "Decrypt" ? decryptBlob(asked, found.name, found.master) : generate(asked, found.name, found.master);
  };
  return { ...(await startVendorServer(answer)), keys, counts };
}

function generate({ KeySpec, EncryptionContext }: Asked, name: string, master: Buffer): VendorAnswer {
  if (KeySpec !== "AES_256") return fault("ValidationException");
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", master, nonce).setAAD(contextBytes(EncryptionContext));
  const header = Buffer.from(`${name}\n`);
  const blob = Buffer.concat([header, nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  return json(200, {
    CiphertextBlob: blob.toString("base64"),
    KeyId: name,
    Plaintext: key.toString("base64"),
    KeyMaterialId: "0".repeat(64),
  });
}

function decryptBlob({ CiphertextBlob = "", EncryptionContext }: Asked, name: string, master: Buffer): VendorAnswer {
  const blob = Buffer.from(CiphertextBlob, "base64");
  const end = blob.indexOf("\n");
  if (end < 0 || blob.length !== end + 1 + 12 + 32 + 16) return fault("InvalidCiphertextException");
  if (blob.subarray(0, end).toString() !== name) return fault("IncorrectKeyException");
  const body = blob.subarray(end + 1);
  const decipher = createDecipheriv("aes-256-gcm", master, body.subarray(0, 12))
    .setAAD(contextBytes(EncryptionContext))
    .setAuthTag(body.subarray(-16));
  try {
    const key = Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]);
    return json(200, { KeyId: name, Plaintext: key.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" });
  } catch {
    return fault("InvalidCiphertextException");
  }
}

const contextBytes = (context: Asked["EncryptionContext"] = {}): Buffer => Buffer.from(JSON.stringify(Object.entries(context).sort()));

/** Client errors of this protocol are 400, whatever they say. */
export const fault = (type: string, status = 400): VendorAnswer => ({
  status,
  body: JSON.stringify({ __type: type, message: `no: ${keyArn}` }),
  headers: { "content-type": "application/x-amz-json-1.1" },
});

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function whyNotSigned({ method, path, headers, body }: VendorRequest): string | undefined {
  const form = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, id, day = "", scope, signed = "", signature] = form.exec(headers.authorization ?? "") ?? [];
  if (!signature) return "IncompleteSignatureException";
  if (id !== accessKey.id) return "UnrecognizedClientException";
  const names = signed.split(";");
  if (scope !== `${region}/kms/aws4_request`) return "InvalidSignatureException";
  if (!["host", "x-amz-date", "x-amz-target", "content-type"].every((name) => names.includes(name))) return "InvalidSignatureException";
  const date = String(headers["x-amz-date"]);
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(at - Date.now()) < 5 * 60_000)) return "InvalidSignatureException";
  const lines = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join("");
  const canonical = [method, path, "", lines, signed, sha256(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, `${day}/${scope}`, sha256(canonical)].join("\n");
  const key = [day, region, "kms", "aws4_request"].reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${accessKey.secret}`);
  return hmac(key, toSign).toString("hex") === signature ? undefined : "InvalidSignatureException";
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
