// Sends a code over gRPC, reads it in the development inbox, verifies it, and tells what each refusal says.
//   npm install && npm run generate && node send-and-verify.ts [GRPC_ADDRESS] [HTTP_URL] [PHONE_NUMBER]
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { CodeService } from "./gen/countersign/v1/code_service_pb.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";

const [grpc = "127.0.0.1:50051", http = "http://127.0.0.1:8080", phoneNumber = "+14155552671"] = process.argv.slice(2);
const key = process.env.COUNTERSIGN_KEY;
const options = { headers: new Headers(key ? { authorization: `Bearer ${key}` } : {}), timeoutMs: 15_000 };
const client = createClient(CodeService, createGrpcTransport({ baseUrl: `http://${grpc}` }));

/** Repeats a call whose outcome is not known, at the moment the service names. The request, and so its key, stays the same. */
async function insist<T>(call: () => Promise<T>, triesLeft = 3): Promise<T> {
  return call().catch(async (error) => {
    const { code } = ConnectError.from(error);
    if (triesLeft === 0 || (code !== Code.Unavailable && code !== Code.Aborted)) throw error;
    await sleep(waitMs(ConnectError.from(error)));
    return insist(call, triesLeft - 1);
  });
}

function waitMs(error: ConnectError): number {
  const { seconds, nanos } = error.findDetails(RetryInfoSchema)[0]?.retryDelay ?? { seconds: 1, nanos: 0 };
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** What the caller can do, out of the typed details. */
function advise(error: ConnectError): string {
  const [info] = error.findDetails(ErrorInfoSchema);
  const is = (...reasons: string[]) => reasons.includes(info?.reason ?? "");
  const fields = error.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
  if (is("INVALID_ARGUMENT")) return fields.map((each) => `${each.field}: ${each.description}`).join("; ");
  if (is("CODE_MISMATCH", "BINDING_MISMATCH")) return `${info?.metadata.attempts_remaining} guesses left`;
  if (is("TOO_MANY_ATTEMPTS") && info?.metadata.scope === "challenge") return "send a new code";
  if (is("RESEND_COOLDOWN", "RATE_LIMITED", "TOO_MANY_ATTEMPTS")) return `again in ${Math.ceil(waitMs(error) / 1000)} s`;
  if (is("CODE_EXPIRED", "CODE_ALREADY_USED", "CHALLENGE_CANCELED", "CHALLENGE_NOT_FOUND")) return "send a new code";
  throw error;
}

/** Throws when the call is OK: these are meant to be refused. */
async function refused(call: Promise<unknown>): Promise<void> {
  const error = await call.then(() => Promise.reject(new Error("it was not refused")), ConnectError.from);
  process.stdout.write(`refused: ${error.findDetails(ErrorInfoSchema)[0]?.reason} (${advise(error)})\n`);
}

const purpose = "login";
const to = (value: string) => ({ recipient: { kind: { case: "phoneNumber" as const, value } }, purpose, idempotencyKey: randomUUID() });
await refused(client.sendCode(to("12"), options));
const request = to(phoneNumber);
const { challenge } = await insist(() => client.sendCode(request, options));
const { challengeId = "", maskedRecipient } = challenge ?? {};
process.stdout.write(`sent to ${maskedRecipient}\n`);
await refused(client.resendCode({ challengeId, idempotencyKey: randomUUID() }, options));
const [{ code }] = (await (await fetch(`${http}/dev/inbox?to=${encodeURIComponent(phoneNumber)}`)).json()) as [{ code: string }];
const guess = (text: string) => ({ challengeId, code: text, purpose, requestId: randomUUID() });
await refused(client.verifyCode(guess(String((Number(code) + 1) % 1_000_000).padStart(6, "0")), options));
const right = guess(code);
const { recipient } = await insist(() => client.verifyCode(right, options));
process.stdout.write(`verified ${recipient?.kind.value}\n`);
await refused(client.verifyCode(guess(code), options));
