// What a page does, over Connect and with nothing but `fetch`: sends a code, watches the challenge, verifies what the person types.
import { type CallOptions, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ChallengeState, CodeService } from "./gen/countersign/v1/code_service_pb.js";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";

/** `show` puts a line on the page; `ask` gives what the person read in the message, again after each refusal. */
export type Page = { readonly show: (line: string) => void; readonly ask: () => Promise<string> };

export async function sendAndVerify(baseUrl: string, phoneNumber: string, { show, ask }: Page, options: CallOptions = {}): Promise<void> {
  const client = createClient(CodeService, createConnectTransport({ baseUrl }));
  const tell = (error: unknown): undefined => void show(explain(ConnectError.from(error)));
  const to = (value: string) => ({ recipient: { kind: { case: "phoneNumber" as const, value } }, idempotencyKey: crypto.randomUUID() });
  await client.sendCode(to("12"), options).catch(tell);
  const request = to(phoneNumber);
  const { challenge } = await insist(() => client.sendCode(request, options));
  const { challengeId = "", maskedRecipient } = challenge ?? {};
  show(`sent to ${maskedRecipient}`);
  await client.resendCode({ challengeId, idempotencyKey: crypto.randomUUID() }, options).catch(tell);
  const states = client.watchChallenge({ challengeId }, options);
  for (let verified = false; !verified; ) {
    const guess = { challengeId, code: await ask(), requestId: crypto.randomUUID() };
    const answer = await insist(() => client.verifyCode(guess, options)).catch(tell);
    if (answer) show(`verified ${answer.recipient?.kind.value}`);
    verified = answer !== undefined;
  }
  // Ends by itself with the first answer that is not PENDING.
  for await (const { challenge: now } of states) if (now && now.state !== ChallengeState.PENDING) show(`now ${ChallengeState[now.state]}`);
  await client.verifyCode({ challengeId, code: "000000", requestId: crypto.randomUUID() }, options).catch(tell);
}

function waitMs(error: ConnectError): number {
  const { seconds, nanos } = error.findDetails(RetryInfoSchema)[0]?.retryDelay ?? { seconds: 1, nanos: 0 };
  return Number(seconds) * 1000 + nanos / 1e6;
}

/** Repeats a call whose outcome is not known, at the moment the service names. The request, and so its key, stays the same. */
async function insist<T>(call: () => Promise<T>, triesLeft = 3): Promise<T> {
  return call().catch(async (error) => {
    const { code } = ConnectError.from(error);
    if (triesLeft === 0 || (code !== Code.Unavailable && code !== Code.Aborted)) throw error;
    await new Promise((resolve) => setTimeout(resolve, waitMs(ConnectError.from(error))));
    return insist(call, triesLeft - 1);
  });
}

/** Words for the person, out of the typed details; throws what no person can help. */
function explain(error: ConnectError): string {
  const [info] = error.findDetails(ErrorInfoSchema);
  const is = (...reasons: string[]) => reasons.includes(info?.reason ?? "");
  const fields = error.findDetails(BadRequestSchema).flatMap((bad) => bad.fieldViolations);
  const refused = (advice: string) => `refused: ${info?.reason} (${advice})`;
  if (is("INVALID_ARGUMENT")) return refused(fields.map((each) => `${each.field}: ${each.description}`).join("; "));
  if (is("CODE_MISMATCH", "BINDING_MISMATCH")) return refused(`${info?.metadata.attempts_remaining} guesses left`);
  if (is("TOO_MANY_ATTEMPTS") && info?.metadata.scope === "challenge") return refused("send a new code");
  if (is("RESEND_COOLDOWN", "RATE_LIMITED", "TOO_MANY_ATTEMPTS")) return refused(`again in ${Math.ceil(waitMs(error) / 1000)} s`);
  if (is("CODE_EXPIRED", "CODE_ALREADY_USED", "CHALLENGE_CANCELED", "CHALLENGE_NOT_FOUND")) return refused("send a new code");
  throw error;
}
