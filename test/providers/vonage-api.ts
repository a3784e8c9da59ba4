import { generateKeyPairSync } from "node:crypto";
import { jwtVerify } from "jose";
import { json, type VendorAnswer, type VendorRequest } from "./vendor-server.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

export const application = {
  id: "78d335fa-323d-0114-9c3d-d6f0d48968cf",
  privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
};

const reference = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
const number = /^[1-9]\d{6,14}$/;

/** What Vonage checks: the token's signature, claims and age, that it is used once, and every field of the message. */
export function createVonageApi() {
  const seen = new Set<string>();
  return async ({ method, path, headers, body }: VendorRequest): Promise<VendorAnswer> => {
    if (!(await isSignedIn(headers.authorization ?? "", seen))) return problem(401, "unauthorized");
    if (method !== "POST" || headers["content-type"] !== "application/json") return problem(415, "content-type-header");
    const message = JSON.parse(body);
    if (path === "/v1/calls") return answerCall(message);
    if (path !== "/v1/messages") return problem(404, "not-found");
    return message.channel === "whatsapp" ? answerWhatsapp(message) : answerSms(message);
  };
}

async function isSignedIn(authorization: string, seen: Set<string>): Promise<boolean> {
  try {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer /, ""), publicKey, {
      algorithms: ["RS256"],
      typ: "JWT",
      requiredClaims: ["application_id", "iat", "exp", "jti"],
      maxTokenAge: "15 minutes",
    });
    const fresh = !seen.has(payload.jti ?? "");
    seen.add(payload.jti ?? "");
    return fresh && payload.application_id === application.id;
  } catch {
    return false;
  }
}

const problem = (status: number, code: string): VendorAnswer =>
  json(status, { type: `https://developer.vonage.com/api-errors#${code}`, title: "no", instance: "bf0ca0bf927b3b52e3cb03217e1a1ddf" });
const invalid = (code: string): VendorAnswer =>
  json(422, { type: `https://developer.vonage.com/api-errors/messages#${code}`, title: code, detail: "no", instance: "bf0ca0bf" });

// biome-ignore lint/suspicious/noExplicitAny: what arrives is what is checked.
type Fields = any;

function answerCommon(message: Fields): VendorAnswer | undefined {
  if (!number.test(message.to)) return invalid("1430");
  if (!message.from || message.from.startsWith("+")) return invalid("1420");
  return typeof message.client_ref === "string" && message.client_ref.length <= 100 ? undefined : invalid("1450");
}

function answerSms(message: Fields): VendorAnswer {
  if (message.channel !== "sms") return invalid("1400");
  if (message.message_type !== "text" || !message.text) return invalid("1010");
  return answerCommon(message) ?? json(202, { message_uuid: reference });
}

function answerWhatsapp(message: Fields): VendorAnswer {
  const template = message.custom?.template;
  if (message.message_type !== "custom" || message.custom?.type !== "template" || "text" in message) return invalid("1440");
  const [text, button] = template.components;
  const parameter = { type: "text", text: text.parameters[0].text };
  const wanted = [
    { type: "body", parameters: [parameter] },
    { type: "button", sub_type: "url", index: 0, parameters: [parameter] },
  ];
  if (JSON.stringify([text, button]) !== JSON.stringify(wanted) || !template.name || !template.language?.code) return invalid("1022");
  return answerCommon(message) ?? json(202, { message_uuid: reference });
}

function answerCall(call: Fields): VendorAnswer {
  const refused = json(400, { type: "BAD_REQUEST", error_title: "Bad Request" });
  if (call.answer_url || call.ncco?.length !== 1 || call.ncco[0].action !== "talk") return refused;
  if (call.to?.[0]?.type !== "phone" || !number.test(call.to[0].number)) return refused;
  if (call.from?.type !== "phone" || !number.test(call.from.number)) return refused;
  const { text, language, loop } = call.ncco[0];
  if (!/^<speak>.*<\/speak>$/.test(text)) return refused;
  if (!/^(?:ar|[a-z]{2,3}-[A-Z]{2})$/.test(language) || !(loop >= 1)) return refused;
  return json(201, { uuid: reference, status: "started", direction: "outbound", conversation_uuid: `CON-${reference}` });
}
