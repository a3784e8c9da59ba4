import type { Leave } from "./admit.ts";
import type { SendCodeRequest } from "./challenge.ts";
import { formatChallengeId } from "./challenge-id.ts";
import type { CheckedSend } from "./check-send.ts";
import { contextOf, flatten } from "./context.ts";
import { decoyOf } from "./decoy.ts";
import type { OtpDeps } from "./deps.ts";
import { idempotencyKeyOf, isHidden } from "./hide.ts";
import type { ChallengeRef, Idempotency, NewMessage, OpenOutcome } from "./ledger.ts";
import { newMessage } from "./new-message.ts";
import type { SealedSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";

type Opening = {
  readonly ref: ChallengeRef;
  readonly request: SendCodeRequest;
  readonly checked: CheckedSend;
  readonly leave: Pick<Leave, "route" | "others" | "suppressed" | "why">;
  readonly sealed: SealedSend;
};

type Opened = {
  /** What was opened, by its own name. */
  readonly ref: ChallengeRef;
  readonly outcome: OpenOutcome;
  readonly code: string;
  readonly message: NewMessage;
  readonly suppressed: boolean;
  readonly why?: string;
};

/** Makes the code and opens its challenge; or, for who may not know that the recipient is locked or has had enough, one in its place. */
export async function openSend(deps: OtpDeps, opening: Opening, call: Call): Promise<Opened> {
  const opened = await tryOpen(deps, opening, call);
  if (!isHidden(opened.outcome, call)) return opened;
  const { application, channel } = { application: opening.ref.application, channel: opening.leave.route.channel };
  const why = `recipient ${opened.outcome.status}`;
  deps.events.sendSuppressed({ application, channel, why });
  const leave = { ...opening.leave, suppressed: true, why };
  return tryOpen(deps, { ...opening, ref: decoyOf(deps.keyring, opening.ref), leave }, call);
}

async function tryOpen(deps: OtpDeps, { ref, request, checked, leave, sealed }: Opening, call: Call): Promise<Opened> {
  const { application } = call.caller;
  const { purpose, subjectKey } = checked;
  const { route, others, suppressed, why } = leave;
  const context = contextOf(deps.keyring, application.id, purpose, request.binding);
  const idempotency = idempotencyOf(deps, ref, { request, checked }, call);
  const { code, message } = await newMessage(deps, { ref, context, channel: route.channel, send: sealed, idempotency, suppressed }, call);
  call.signal.throwIfAborted();
  const { code: rules, limits, fallbackAfterMs } = application;
  const fallback = { channels: others.map(({ channel }) => channel), ...(request.automaticFallback && { afterMs: fallbackAfterMs ?? 0 }) };
  const outcome = await deps.ledgers.open({
    ...ref,
    purpose,
    context,
    lifetimeMs: rules.lifetimeMs,
    limits,
    message,
    ...(others.length > 0 && !suppressed && { fallback }),
    ...(subjectKey !== undefined && { subject: deps.keyring.ledgerOf(application.id, subjectKey) }),
  });
  return { ref, outcome, code, message, suppressed, ...(why !== undefined && { why }) };
}

export type Asked = { readonly request: SendCodeRequest; readonly checked: CheckedSend };

/** What a retry under the same key must repeat to be the same request. The end user's device and captcha may differ. */
export function idempotencyOf(deps: OtpDeps, ref: ChallengeRef, { request, checked }: Asked, call: Call): Idempotency | undefined {
  if (!request.idempotencyKey) return undefined;
  const { digest } = deps.keyring;
  const id = formatChallengeId(ref);
  const { androidAppHash, webOrigin } = request.autofill;
  const maps = [flatten(request.binding), flatten(request.templateVariables)].map((list) => JSON.stringify(list));
  const content = [request.channels.join(), checked.purpose, checked.locale, androidAppHash, webOrigin, checked.recipient.value, ...maps];
  const optional = [
    ...(request.automaticFallback ? ["automatic fallback"] : []),
    ...(request.subject ? [`subject ${request.subject}`] : []),
  ];
  return {
    key: digest("idempotency", id, idempotencyKeyOf(request.idempotencyKey, call)),
    content: digest("send", id, ...content, ...optional),
  };
}
