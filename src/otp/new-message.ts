import { generateCode } from "./code.ts";
import type { OtpDeps } from "./deps.ts";
import { hashCode } from "./hash-code.ts";
import type { ChallengeRef, Idempotency, NewMessage } from "./ledger.ts";
import { leaseMs, newDeliveryId } from "./message.ts";
import { sandboxCode } from "./sandbox.ts";
import { type SealedSend, sealSend } from "./sealed-send.ts";
import type { Call, Channel } from "./types.ts";

type Making = {
  readonly ref: ChallengeRef;
  readonly context: string;
  readonly channel: Channel;
  readonly send: SealedSend;
  readonly idempotency?: Idempotency | undefined;
  /** For a message that is never sent: no code verifies it. */
  readonly suppressed: boolean;
};

/** A fresh code, and what the ledger is to know of the message with it. From here on the code exists in this call and in the message. */
export async function newMessage(
  deps: OtpDeps,
  making: Making,
  call: Call,
): Promise<{ readonly code: string; readonly message: NewMessage }> {
  const { ref, context, channel, send, idempotency, suppressed } = making;
  const { application } = call.caller;
  const code = sandboxCode(application, send.recipient) ?? generateCode(deps.random, application.code.length, application.code.alphabet);
  const hashed = suppressed ? Buffer.from(deps.random(32)).toString("hex") : code;
  const trace = deps.trace?.();
  const [codeHash] = await hashCode(deps, ref, context, hashed, call);
  const message: NewMessage = {
    deliveryId: newDeliveryId(deps.random),
    channel,
    codeHash,
    codeLength: code.length,
    sealed: sealSend(deps.keyring, ref, send),
    leaseMs: leaseMs(deps),
    ...(idempotency && { idempotency }),
    ...(trace !== undefined && { trace }),
  };
  return { code, message };
}
