import { createHash, createHmac } from "node:crypto";
import type { VendorAnswer, VendorRequest } from "./vendor-server.ts";

export const accessKey = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
export const region = "eu-central-1";

/** What SNS checks: the signature (Version 4) over everything that matters, its age, and every field of the message. */
export function answerSns(request: VendorRequest): VendorAnswer {
  const refusal = whyNotSigned(request);
  if (refusal) return error(403, refusal, "no");
  const fields = new URLSearchParams(request.body);
  if (fields.get("Action") !== "Publish" || fields.get("Version") !== "2010-03-31") return error(400, "InvalidAction", "no such action");
  const to = fields.get("PhoneNumber") ?? "";
  if (!/^\+[1-9]\d{6,14}$/.test(to))
    return error(400, "InvalidParameter", `Invalid parameter: PhoneNumber Reason: ${to} is not valid to publish to`);
  const text = fields.get("Message") ?? "";
  if (text === "" || Buffer.byteLength(text) > 1600) return error(400, "InvalidParameter", "Invalid parameter: Message too long");
  return xml(
    200,
    `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>\
<MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>\
<ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata></PublishResponse>`,
  );
}

/** Attributes by their name. */
export function attributesOf(body: string): Readonly<Record<string, string>> {
  const fields = new URLSearchParams(body);
  const names = [...fields].filter(([key]) => /^MessageAttributes\.entry\.\d+\.Name$/.test(key));
  return Object.fromEntries(names.map(([key, name]) => [name, fields.get(key.replace(/Name$/, "Value.StringValue")) ?? ""]));
}

export const error = (status: number, code: string, message: string): VendorAnswer =>
  xml(
    status,
    `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${code}</Code>\
<Message>${message}</Message></Error><RequestId>9dd01905-5012-5f99-8663-4b3ecd0dfaef</RequestId></ErrorResponse>`,
  );

const xml = (status: number, body: string): VendorAnswer => ({ status, body, headers: { "content-type": "text/xml" } });

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
function whyNotSigned({ method, path, headers, body }: VendorRequest): string | undefined {
  const form = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, id, day = "", scope, signed = "", signature] = form.exec(headers.authorization ?? "") ?? [];
  if (!signature) return "IncompleteSignature";
  if (id !== accessKey.id) return "InvalidClientTokenId";
  if (scope !== `${region}/sns/aws4_request`) return "SignatureDoesNotMatch";
  const names = signed.split(";");
  if (!["host", "x-amz-date", "content-type"].every((name) => names.includes(name))) return "SignatureDoesNotMatch";
  const date = String(headers["x-amz-date"]);
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(at - Date.now()) < 15 * 60_000)) return "RequestExpired";
  const lines = names.map((name) => `${name}:${String(headers[name]).trim()}\n`).join("");
  const canonical = [method, path, "", lines, signed, sha256(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, `${day}/${scope}`, sha256(canonical)].join("\n");
  const key = [day, region, "sns", "aws4_request"].reduce<string | Buffer>((key, part) => hmac(key, part), `AWS4${accessKey.secret}`);
  return hmac(key, toSign).toString("hex") === signature ? undefined : "SignatureDoesNotMatch";
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
