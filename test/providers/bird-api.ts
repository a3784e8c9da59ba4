import { json, type VendorAnswer, type VendorRequest } from "./vendor-server.ts";

export const accessKey = "test-access-key";

const number = /^[1-9]\d{6,14}$/;

/** What Bird checks: the key, and every field of the message. */
export function answerBird({ method, path, headers, body }: VendorRequest): VendorAnswer {
  if (headers.authorization !== `AccessKey ${accessKey}`)
    return refuse(401, { code: 2, description: "Request not allowed (incorrect access_key)", parameter: "access_key" });
  if (method !== "POST" || headers["content-type"] !== "application/json") return refuse(405, { code: 21 });
  const fields = JSON.parse(body);
  if (path === "/messages") return answerSms(fields);
  return path === "/calls" ? answerCall(fields) : refuse(404, { code: 98 });
}

const refuse = (status: number, error: object): VendorAnswer => json(status, { errors: [error] });
const invalid = (parameter: string): VendorAnswer => refuse(422, { code: 9, description: `no (correct) ${parameter} found`, parameter });

// biome-ignore lint/suspicious/noExplicitAny: what arrives is what is checked.
type Fields = any;

function answerSms({ originator, recipients, body, reference }: Fields): VendorAnswer {
  if (!Array.isArray(recipients) || recipients.length !== 1 || !number.test(recipients[0])) return invalid("recipients");
  if (!originator || originator.startsWith("+")) return invalid("originator");
  if (!body || body.length > 1377) return invalid("body");
  const items = [{ recipient: Number(recipients[0]), status: "sent" }];
  return json(201, { id: "e8077d803532c0b5937c639b60216938", reference, recipients: { totalCount: 1, totalSentCount: 1, items } });
}

function answerCall({ source, destination, callFlow }: Fields): VendorAnswer {
  const unprocessable = json(422, { data: null, errors: [{ message: "invalid data", code: 13 }] });
  if (!number.test(source) || !number.test(destination) || !Array.isArray(callFlow?.steps)) return unprocessable;
  if (!callFlow.steps.every(isStep)) return unprocessable;
  return json(201, { data: [{ id: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", status: "queued", source, destination }] });
}

function isStep({ action, options }: Fields): boolean {
  if (action === "pause") return Number.isInteger(options.length);
  return action === "say" && options.payload !== "" && /^[a-z]{2}-[A-Z]{2}$/.test(options.language) && options.voice === "female";
}
