import type { SendGuard, TrafficObserver } from "../otp/guard-ports.ts";
import type { LimitAction, LimitKey } from "../otp/send-limit.ts";
import type { Block, BlockCause } from "../otp/traffic.ts";
import type { Recipient } from "../otp/types.ts";
import type { Instruments } from "./metric-instruments.ts";

/** What is known of a recipient before it is left out of everything that is kept. */
export type Located = {
  /** ISO 3166-1 alpha-2 of a phone number, if it belongs to a country. */
  countryOf(e164: string): string | undefined;
  /** Nothing is sent to it, so nothing can be learned from it. */
  isSandbox(application: string, recipient: Recipient): boolean;
};

type Guarding = { readonly guard: SendGuard; readonly traffic: TrafficObserver };

/** The same guard and observer; their verdicts are counted, and messages and verified codes by the country of their number. */
export function createGuardMetrics({ counter }: Instruments): (guarding: Guarding, located: Located) => Guarding {
  const verdicts = counter({
    name: "guard_verdicts_total",
    help: "What the checks before a send decided (admitted, refused, suppressed), by application, occasion and reason of the refusal",
    labels: ["application", "occasion", "verdict", "reason"],
  });
  const sent = counter({
    name: "messages_sent_total",
    help: "Messages given to providers, by channel, country (ISO 3166-1; other: no country's; none: no phone number) and occasion",
    labels: ["channel", "country", "occasion"],
  });
  const verified = counter({
    name: "codes_verified_total",
    help: "Codes of messages that were verified, by channel and country: with messages_sent_total, the conversion",
    labels: ["channel", "country"],
  });
  return ({ guard, traffic }, { countryOf, isSandbox }) => {
    const placeOf = ({ kind, value }: Recipient): string => (kind === "phone" ? countryName(countryOf(value)) : "none");
    return {
      guard: {
        async admit(ask, signal) {
          const admission = await guard.admit(ask, signal);
          const { occasion, channel, recipient } = ask;
          const reason = admission.outcome === "refused" ? admission.refusal.reason : "";
          verdicts.inc({ application: ask.caller.application.id, occasion, verdict: admission.outcome, reason });
          if (admission.outcome !== "admitted" || ask.unsent) return admission;
          return {
            ...admission,
            confirm() {
              admission.confirm?.();
              sent.inc({ channel, country: placeOf(recipient), occasion });
            },
          };
        },
      },
      traffic: {
        ...traffic,
        verified(message) {
          traffic.verified(message);
          const { application, recipient, channel } = message;
          if (!isSandbox(application, recipient)) verified.inc({ channel, country: placeOf(recipient) });
        },
      },
    };
  };
}

/** Whatever the library may call a place, there are no more names than pairs of letters. */
const countryName = (country: string | undefined): string => (country !== undefined && /^[A-Z]{2}$/.test(country) ? country : "other");

export type LimitReached = {
  readonly application: string;
  readonly key: LimitKey;
  readonly windowMs: number;
  readonly action: LimitAction;
  readonly refused: boolean;
};

export type PumpingEvents = {
  placeBlocked(block: Block): void;
  sendSuspected(event: {
    readonly application: string;
    readonly kind: string;
    readonly cause: BlockCause;
    readonly enforced: boolean;
  }): void;
};

/** The same callbacks, counted. */
export function createAbuseMetrics({ counter }: Instruments) {
  const limits = counter({
    name: "limits_reached_total",
    help: "Limits of sends that were reached, by application, limit and action (record: shadow mode); refused: whether it refused the send",
    labels: ["application", "limit", "action", "refused"],
  });
  const blocked = counter({
    name: "places_blocked_total",
    help: "Blocks that the pumping guard raised, by kind of place, cause, and whether it refuses or only watches",
    labels: ["kind", "cause", "enforced"],
  });
  const suspected = counter({
    name: "sends_suspected_total",
    help: "Messages to blocked places, refused (enforced) or not, by application, kind of place and cause",
    labels: ["application", "kind", "cause", "enforced"],
  });
  return {
    limits:
      (tell: (event: LimitReached) => void) =>
      (event: LimitReached): void => {
        tell(event);
        const { application, key, action, refused } = event;
        limits.inc({ application, limit: key, action, refused: String(refused) });
      },
    pumping: (events: PumpingEvents): PumpingEvents => ({
      placeBlocked(block) {
        events.placeBlocked(block);
        blocked.inc({ kind: block.kind, cause: block.cause, enforced: String(block.enforced) });
      },
      sendSuspected(event) {
        events.sendSuspected(event);
        const { application, kind, cause, enforced } = event;
        suspected.inc({ application, kind, cause, enforced: String(enforced) });
      },
    }),
  };
}
