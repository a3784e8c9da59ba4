import { admit, type Leave } from "./admit.ts";
import { routeOf } from "./check-send.ts";
import { isDecoy } from "./decoy.ts";
import { type Delivered, deliver } from "./deliver.ts";
import type { OtpDeps } from "./deps.ts";
import type { ChallengeRef, ChallengeView } from "./ledger.ts";
import { newMessage } from "./new-message.ts";
import { type SealedSend, tellSimSwap } from "./sealed-send.ts";
import type { Call } from "./types.ts";

type FallingBack = { readonly ref: ChallengeRef; readonly view: ChallengeView; readonly send: SealedSend };

/**
 * Sends a fresh code by the next channel that is left, in place of the last message, and by the one after it where nobody takes that
 * either. Undefined when there was nothing to do, or somebody else has done it: the ledger lets one go on, however many try, and a
 * crash between its word and the send leaves a message that reads as unknown and is not repeated.
 */
export async function fallBack(deps: OtpDeps, { ref, view, send }: FallingBack, call: Call): Promise<Delivered | undefined> {
  let last: Delivered | undefined;
  for (let seen: ChallengeView | undefined = view; seen; ) {
    const delivered = await sendNext(deps, { ref, view: seen, send }, call);
    last = delivered ?? last;
    seen = delivered?.refusal ? delivered.view : undefined;
  }
  return last;
}

async function sendNext(deps: OtpDeps, falling: FallingBack, call: Call): Promise<Delivered | undefined> {
  const { ref, view } = falling;
  const { application } = call.caller;
  const { fallback, deliveries, context, purpose } = view.challenge;
  const insteadOf = Object.keys(deliveries).at(-1);
  if (!fallback || insteadOf === undefined) return undefined;
  const leave = await mayGoBy(deps, falling, call);
  if (!leave) {
    await deps.ledgers.endFallback(ref);
    return undefined;
  }
  const { route, confirm, startedAt, why } = leave;
  const suppressed = leave.suppressed || isDecoy(deps.keyring, ref);
  const send = tellSimSwap(falling.send, leave);
  const { code, message } = await newMessage(deps, { ref, context, channel: route.channel, send, suppressed }, call);
  const { limits, code: rules } = application;
  const opened = await deps.ledgers.resend({ ...ref, message, keepPrevious: rules.keepPrevious, insteadOf, limits });
  if (opened.status === "not_due") return undefined;
  if (opened.status !== "opened") {
    await deps.ledgers.endFallback(ref);
    return undefined;
  }
  if (!suppressed) confirm();
  const lifetimeMs = opened.view.challenge.expiresAt - opened.view.now;
  const wording = { application, code, purpose, lifetimeMs, ...send };
  return deliver(deps, { ref, deliveryId: message.deliveryId, route, view: opened.view, wording, suppressed, why, startedAt }, call);
}

/** The next channel, if it is still configured and whoever guards the money lets a message go by it. */
async function mayGoBy(deps: OtpDeps, { ref, view, send }: FallingBack, call: Call): Promise<Leave | undefined> {
  const { caller } = call;
  const [channel] = view.challenge.fallback?.channels ?? [];
  const route = channel && routeOf(deps, channel, send.recipient.kind, caller.application);
  if (!route) return undefined;
  const { recipient, client } = send;
  const asked = { caller, recipient, ledger: ref.ledger, purpose: view.challenge.purpose, client, captchaToken: "" };
  const leave = await admit(deps, { ...asked, routes: [route], occasion: "fallback" }, call.signal);
  return leave.ok ? leave.value : undefined;
}
