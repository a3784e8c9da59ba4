/** The routes that need a verification to exist: check, fetch, cancel. */
import { randomUUID } from "node:crypto";
import type { Challenge } from "../../src/gen/countersign/v1/code_service_pb.js";
import { type Answer, invalidParameter, notFound } from "./answer.ts";
import type { Call } from "./call.ts";
import type { Outcome } from "./countersign.ts";
import { bindingOf, type Checked, readBinding, readTo } from "./parameters.ts";
import { type Details, parseSid, type VerificationRecord } from "./records.ts";
import { answerRefusal } from "./refusals.ts";
import { viewCheck, viewVerification } from "./view.ts";

type Found = { readonly record: VerificationRecord; readonly details: Details };

/** POST …/VerificationCheck, by `To` or by `VerificationSid`. */
export async function checkVerification(call: Call, form: URLSearchParams): Promise<Answer> {
  const code = form.get("Code") ?? "";
  if (code === "") return invalidParameter("Code", "write what the person typed");
  const found = await findChecked(call, form);
  if (!found.ok) return found.answer;
  const { record } = found.value;
  const shown = { ...found.value, owner: call.owner };
  const binding = bindingOf(readBinding(form));
  const request = { challengeId: record.challengeId, code, binding, requestId: randomUUID() };
  const verify = () => call.countersign(call.key, (client, options) => client.verifyCode(request, options));
  let verified = await verify();
  // The answer may have been lost, not the request: the same request id asks for it again, and costs no further guess.
  if (!verified.ok && verified.refusal.reason === "UNREACHABLE") verified = await verify();
  if (verified.ok) return { status: 201, body: viewCheck(true, shown, call.now()) };
  const { reason } = verified.refusal;
  if (reason === "CODE_MISMATCH" || reason === "BINDING_MISMATCH")
    return { status: 201, body: viewCheck(false, shown, call.now()), cause: reason };
  return answerRefusal(verified.refusal, call.path);
}

/** GET …/Verifications/{Sid}. */
export const fetchVerification = (call: Call, sid: string): Promise<Answer> =>
  showing(call, sid, ({ record: { challengeId } }) =>
    call.countersign(call.key, async (client, options) => (await client.getChallenge({ challengeId }, options)).challenge),
  );

/** POST …/Verifications/{Sid} with `Status`. */
export async function updateVerification(call: Call, sid: string, form: URLSearchParams): Promise<Answer> {
  const status = form.get("Status");
  if (status === "approved") return invalidParameter("Status", "only a right code approves a verification; write canceled");
  if (status !== "canceled") return invalidParameter("Status", "write canceled");
  return showing(call, sid, ({ record: { challengeId } }) =>
    call.countersign(call.key, async (client, options) => (await client.cancelChallenge({ challengeId }, options)).challenge),
  );
}

async function showing(call: Call, sid: string, ask: (found: Found) => Promise<Outcome<Challenge | undefined>>): Promise<Answer> {
  const found = await findBySid(call, sid);
  if (!found) return notFound(call.path);
  const asked = await ask(found);
  if (!asked.ok) return answerRefusal(asked.refusal, call.path);
  if (!asked.value) return notFound(call.path);
  return { status: 200, body: viewVerification(asked.value, { ...found, owner: call.owner, baseUrl: call.baseUrl }, call.crypt) };
}

async function findChecked(call: Call, form: URLSearchParams): Promise<Checked<Found>> {
  const sid = form.get("VerificationSid") ?? "";
  if (sid === "" && !form.get("To")) return { ok: false, answer: invalidParameter("To", "write To or VerificationSid") };
  const to = form.get("To") ? readTo(form) : undefined;
  if (to && !to.ok) return to;
  const key = to && call.crypt.keyOf(call.owner, to.value.key);
  const found = sid ? await findBySid(call, sid) : key && (await findByKey(call, key));
  if (!found || (key && found.record.key !== key)) return { ok: false, answer: notFound(call.path) };
  return { ok: true, value: found };
}

async function findBySid(call: Call, sid: string): Promise<Found | undefined> {
  const named = parseSid(sid);
  const found = named && (await findByKey(call, named.key));
  if (!found || found.record.nonce !== named?.nonce) return undefined;
  // The name says nothing of whose it is; the record's does.
  const to = readTo(new URLSearchParams({ To: found.details.to }));
  return to.ok && call.crypt.keyOf(call.owner, to.value.key) === found.record.key ? found : undefined;
}

async function findByKey(call: Call, key: string): Promise<Found | undefined> {
  const record = await call.store.get(key);
  const details = record?.challengeId ? call.crypt.unseal(record) : undefined;
  return record && details ? { record, details } : undefined;
}
