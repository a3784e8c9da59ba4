import type { DeliveryFailure } from "../otp/ports.ts";
import type { MessageName, Receipt } from "../otp/receipt.ts";

export type Missing = {
  /** How long a message may be without a final receipt. */
  readonly timeoutMs: number;
  /** Whether another replica knows more: that a receipt came, or that the code was used, or that it does not matter any more. */
  isSettled(message: MessageName): Promise<boolean>;
  report(provider: string, country: string | undefined, verdict: "good" | "bad"): void;
};

export type ReceiptWatch = {
  expect(provider: string, message: MessageName): void;
  settle(provider: string, message: MessageName, receipt: Receipt): void;
  close(): void;
};

/** Some megabytes at most. What is more is not watched: a sample tells as much. */
const maxPending = 10_000;
/** Of the last messages of a provider in a country, so many are looked at, and half of them must be missing to mean something. */
const sampled = 20;
const significant = 0.5;
/** Questions to the store in one round: a provider that has gone silent under load must not become the store's load. */
const maxQuestions = 50;

/** What a failed message says of the provider. All else is the recipient's, the sender's name or the text, and would fail elsewhere. */
const providersFault: ReadonlySet<DeliveryFailure | undefined> = new Set([
  "provider_error",
  "unreachable",
  "timeout",
  "throttled",
  "credentials_refused",
  "funds_exhausted",
] as const);

type Pending = { readonly provider: string; readonly message: MessageName; readonly dueAt: number };

/**
 * Feeds the circuits with what becomes of messages: a provider that accepts everything and delivers nothing is seen only here. In
 * memory and in each process by itself, as the circuits are. A receipt that another replica took is found in the store when the
 * time is up.
 */
export function watchReceipts({ timeoutMs, isSettled, report }: Missing): ReceiptWatch {
  /** By delivery id, in the order of their time. */
  const pending = new Map<string, Pending>();
  const share = createShare();
  const judge = async ({ provider, message }: Pending): Promise<void> => {
    // A store that does not answer says nothing about the provider.
    const settled = await isSettled(message).catch(() => true);
    if (share.note(provider, message.country, settled) >= significant && !settled) report(provider, message.country, "bad");
  };
  let isSweeping = false;
  const sweep = async (): Promise<void> => {
    if (isSweeping) return;
    isSweeping = true;
    for (const due of takeDue(pending, performance.now())) await judge(due);
    isSweeping = false;
  };
  const timer = setInterval(() => void sweep(), Math.min(1_000, timeoutMs / 4)).unref();
  return {
    expect(provider, message) {
      if (pending.size < maxPending) pending.set(message.deliveryId, { provider, message, dueAt: performance.now() + timeoutMs });
    },
    settle(provider, message, { state, failure }) {
      if (state !== "delivered" && state !== "failed") return;
      if (pending.delete(message.deliveryId)) share.note(provider, message.country, true);
      if (state === "delivered") report(provider, message.country, "good");
      else if (providersFault.has(failure)) report(provider, message.country, "bad");
    },
    close: () => clearInterval(timer),
  };
}

function takeDue(pending: Map<string, Pending>, now: number): Pending[] {
  const due: Pending[] = [];
  for (const [id, each] of pending) {
    if (each.dueAt > now || due.length === maxQuestions) break;
    pending.delete(id);
    due.push(each);
  }
  return due;
}

/** What share of the last messages had no receipt, by provider and country. */
function createShare() {
  const windows = new Map<string, boolean[]>();
  return {
    note(provider: string, country: string | undefined, settled: boolean): number {
      const key = `${provider} ${country ?? ""}`;
      const window = [...(windows.get(key) ?? []), settled].slice(-sampled);
      windows.set(key, window);
      return window.filter((each) => !each).length / window.length;
    },
  };
}
