import type { Provider } from "../otp/ports.ts";
import type { Channel, Recipient } from "../otp/types.ts";

export type InboxMessage = {
  readonly channel: Channel;
  readonly to: Recipient["value"];
  readonly subject: string;
  readonly text: string;
  readonly code: string;
  readonly challengeId: string;
  /** ISO 8601, UTC. */
  readonly sentAt: string;
  readonly html?: string;
  readonly speech?: { readonly before: string; readonly after: string; readonly locale: string };
};

export type Inbox = {
  readonly provider: Provider;
  /** Newest first; of one recipient, in whatever spelling, or of all. */
  list(to?: string): readonly InboxMessage[];
};

/** For development: keeps the last messages in memory, codes and all, and delivers nothing. */
export function createInbox({ now, capacity = 1000 }: { now(): number; capacity?: number }): Inbox {
  const messages: InboxMessage[] = [];
  return {
    provider: {
      name: "inbox",
      async send({ channel, to, subject = "", text, code, challengeId, deliveryId, html, speech, locale }) {
        messages.unshift({
          ...{ channel, to, subject, text, code, challengeId, sentAt: new Date(now()).toISOString() },
          ...(html !== undefined && { html }),
          ...(speech && { speech: { before: speech.before, after: speech.after, locale } }),
        });
        messages.length = Math.min(messages.length, capacity);
        return { outcome: "accepted", reference: deliveryId };
      },
    },
    list(to) {
      if (to === undefined) return [...messages];
      const wanted = spelling(to);
      return messages.filter((message) => spelling(message.to) === wanted);
    },
  };
}

/** A `+` in a URL arrives as a space, hence numbers are compared without it. */
const spelling = (to: string): string => (to.includes("@") ? to.trim().toLowerCase() : to.replace(/[\s()+.-]/g, ""));
