import { randomBytes } from "node:crypto";
import type { Attempt, Message, Provider, SendResult } from "../../src/otp/ports.ts";
import { createCarrier } from "../../src/providers/create-carrier.ts";
import { type GuardedProvider, guardProvider } from "../../src/providers/guard-provider.ts";
import { smsMessage } from "./messages.ts";

export const accepted: SendResult = { outcome: "accepted", reference: "r" };
export const throttled: SendResult = { outcome: "retryable", failure: "throttled" };
export const unreachable: SendResult = { outcome: "retryable", failure: "unreachable" };
export const timedOut: SendResult = { outcome: "retryable", failure: "timeout" };
export const unsure: SendResult = { outcome: "unknown", failure: "timeout" };
export const refusedBy = (failure: "recipient_refused" | "recipient_opted_out" | "credentials_refused" | "sender_refused"): SendResult => ({
  outcome: "permanent",
  failure,
});

export type Send = (message: Message, signal: AbortSignal, onWritten: () => void) => SendResult | Promise<SendResult>;

type Options = { readonly failures?: number; readonly openMs?: number };

/** Providers by what they do, in this order, each behind its circuits. */
export function createCarrying(sends: Readonly<Record<string, Send>>, { failures = 3, openMs = 1_000 }: Options = {}) {
  const asked: string[] = [];
  const changes: string[] = [];
  const onChange = ({ provider, country, state }: { provider: string; country: string; state: string }) =>
    void changes.push(`${provider} ${country} ${state}`);
  const provide = (name: string, send: Send): Provider => ({
    name,
    async send(message, signal, onWritten = () => {}) {
      asked.push(name);
      return send(message, signal, onWritten);
    },
  });
  const providers = new Map<string, GuardedProvider>(
    Object.entries(sends).map(([name, send]) => [name, guardProvider(provide(name, send), { failures, openMs, onChange })]),
  );
  const rules = [{ providers: Object.keys(sends).map((name) => ({ name })) }];
  const countryOf = (to: string) => (to.startsWith("+49") ? "DE" : to.startsWith("+43") ? "AT" : undefined);
  const carrier = createCarrier(rules, { providers, random: randomBytes, countryOf });
  const attempts: Attempt[] = [];
  return {
    asked,
    changes,
    attempts,
    providers,
    carry: (more: { to?: string; remainingMs?: number; signal?: AbortSignal } = {}) =>
      carrier.carry(
        { ...smsMessage, to: more.to ?? smsMessage.to },
        {
          signal: more.signal ?? new AbortController().signal,
          remainingMs: more.remainingMs ?? 15_000,
          onAttempt: (attempt) => void attempts.push(attempt),
        },
      ),
    /** Whom the next message was given to, in order. */
    async askedNow(send: () => Promise<unknown>): Promise<string[]> {
      asked.length = 0;
      await send();
      return [...asked];
    },
  };
}

/** Resolves when the signal says so: a provider that never answers. */
export const untilAborted =
  (result: SendResult): Send =>
  (_, signal) =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve(result), { once: true }));
