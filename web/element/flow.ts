/** Turns what the person does into calls, and their outcomes into happenings. Knows no page. */
import type { ServerClock } from "./clock.ts";
import { type Failure, isPassing, localFailure, noAnswer, readFailure } from "./failure.ts";
import type { RequestKeys } from "./keys.ts";
import type { ChallengeInfo, ChannelName, Happening, Kind, State } from "./machine.ts";
import { kindOf } from "./machine.ts";
import type { Memory } from "./memory.ts";
import type { SendAsk, Service } from "./service.ts";

export type FlowSettings = Omit<SendAsk, "recipient" | "channels" | "captchaToken" | "idempotencyKey"> & {
  /** What is offered, most wanted first. */
  readonly channels: readonly ChannelName[];
  /** Asked for the answer to a captcha when the service wants one. */
  readonly solveCaptcha?: (kind: string) => Promise<string>;
};

export type FlowDeps = {
  readonly service: () => Service;
  readonly settings: () => FlowSettings;
  readonly state: () => State;
  readonly happen: (happening: Happening) => void;
  readonly clock: ServerClock;
  readonly memory: Memory;
  readonly keys: { readonly send: RequestKeys; readonly verify: RequestKeys };
  readonly sleep: (ms: number) => Promise<void>;
};

export type Recipient = { readonly kind: Kind; readonly value: string };

export type Flow = {
  /** Takes up the challenge from before a refresh, if it is still open; else begins by asking for the recipient. */
  begin(kind: Kind): Promise<void>;
  send(recipient: Recipient): Promise<void>;
  /** To the last recipient, in a new challenge; asks for one when it is not known any more. */
  sendNew(): Promise<void>;
  resend(channel: ChannelName): Promise<void>;
  verify(code: string): Promise<void>;
  /** Looks whether the challenge is still open: time may have passed, or another window been used. */
  look(): Promise<void>;
  startOver(kind: Kind): void;
};

export function createFlow(deps: FlowDeps): Flow {
  const { service, settings, state, happen, memory } = deps;
  let recipient: Recipient | undefined;

  const opened = (challenge: ChallengeInfo): void => {
    memory.save(challenge.id);
    happen({ type: "sent", challenge });
  };
  const startOver = (kind: Kind): void => {
    memory.forget();
    happen({ type: "started", kind });
  };
  const send = async (to: Recipient): Promise<void> => {
    recipient = to;
    happen({ type: "sending" });
    await settled(deps, deps.keys.send, opened, () => sendOnce(deps, to, ""));
  };
  return {
    async begin(kind) {
      const challengeId = memory.load();
      if (challengeId === undefined) return happen({ type: "started", kind });
      happen({ type: "restoring" });
      try {
        const challenge = await patiently(deps, () => service().look(challengeId));
        if (challenge.state === "pending") return happen({ type: "looked", challenge });
        startOver(kindOf(challenge.channel));
      } catch (thrown) {
        if (readFailure(thrown).reason !== "CANCELED") startOver(kind);
      }
    },
    send,
    async sendNew() {
      const now = state();
      if (recipient) await send(recipient);
      else startOver(now.step === "over" ? now.kind : "phone");
    },
    async resend(channel) {
      const now = state();
      if (now.step !== "code" || now.busy) return;
      const challengeId = now.challenge.id;
      happen({ type: "resending" });
      await settled(deps, deps.keys.send, opened, () => {
        const idempotencyKey = deps.keys.send.keyFor(`${challengeId} ${channel}`);
        return service().resend({ challengeId, channel, idempotencyKey });
      });
    },
    async verify(code) {
      const now = state();
      if (now.step !== "code" || now.busy) return;
      const { id: challengeId, codeLength } = now.challenge;
      if (code.length !== codeLength) return failed(deps, localFailure("NOT_SENT", "code"));
      const { purpose, binding } = settings();
      happen({ type: "verifying" });
      const requestId = deps.keys.verify.keyFor(`${challengeId} ${code}`);
      await settled(
        deps,
        deps.keys.verify,
        (verification) => {
          memory.forget();
          happen({ type: "verified", verification });
        },
        () => service().verify({ challengeId, code, purpose, binding, requestId }),
      );
    },
    async look() {
      const now = state();
      if (now.step !== "code" || now.busy) return;
      try {
        happen({ type: "looked", challenge: await service().look(now.challenge.id) });
      } catch (thrown) {
        const failure = readFailure(thrown);
        if (failure.reason === "CHALLENGE_NOT_FOUND") failed(deps, failure);
      }
    },
    startOver,
  };
}

async function sendOnce(deps: FlowDeps, recipient: Recipient, captchaToken: string): Promise<ChallengeInfo> {
  const { channels, solveCaptcha, ...settings } = deps.settings();
  const fitting = channels.filter((channel) => kindOf(channel) === recipient.kind);
  const idempotencyKey = deps.keys.send.keyFor(JSON.stringify([recipient, fitting, settings, captchaToken]));
  try {
    return await deps.service().send({ ...settings, channels: fitting.slice(0, 1), recipient, captchaToken, idempotencyKey });
  } catch (thrown) {
    const { reason, metadata } = readFailure(thrown);
    if (reason !== "CAPTCHA_REQUIRED" || !solveCaptcha || captchaToken) throw thrown;
    const answer = await solveCaptcha(metadata.captcha ?? "").catch(() => "");
    // Whoever gives up on the captcha is told that one is needed.
    if (answer === "") throw thrown;
    return sendOnce(deps, recipient, answer);
  }
}

async function settled<T>(deps: FlowDeps, keys: RequestKeys, then: (value: T) => void, call: () => Promise<T>): Promise<void> {
  try {
    const value = await patiently(deps, call);
    keys.settle();
    then(value);
  } catch (thrown) {
    const failure = readFailure(thrown);
    // Without an answer the key is kept: who tries again by hand repeats the same request.
    if (!isPassing(failure)) keys.settle();
    if (failure.reason !== "CANCELED") failed(deps, failure);
  }
}

const failed = ({ happen, clock }: FlowDeps, failure: Failure): void => happen({ type: "failed", failure, at: clock.now() });

const pausesMs = [400, 1_200] as const;
const longestPauseMs = 3_000;

/** Repeats what may pass in a moment. Every call carries a key that makes that safe. */
async function patiently<T>({ sleep }: FlowDeps, call: () => Promise<T>): Promise<T> {
  for (const pauseMs of pausesMs) {
    try {
      return await call();
    } catch (thrown) {
      const failure = readFailure(thrown);
      const { retryAfterMs = pauseMs } = failure;
      if (!isPassing(failure) || retryAfterMs > longestPauseMs) throw thrown;
      // A browser that knows itself offline need not be asked again.
      if (failure.reason === noAnswer && !navigator.onLine) throw thrown;
      await sleep(Math.max(pauseMs, retryAfterMs));
    }
  }
  return call();
}
