import type { AuthenticatorEvents } from "../otp/authenticator-ports.ts";
import type { Events, Outcome } from "../otp/ports.ts";
import type { Instruments } from "./metric-instruments.ts";

/** Vendors answer within tens of milliseconds, or are given up after some seconds. */
const buckets = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/** The same events, each of which is counted besides. Labels are what the configuration and the code can name, never what callers write. */
export function createEventMetrics(instruments: Instruments): (events: Events) => Events {
  const messages = createMessageMetrics(instruments);
  const business = createBusinessMetrics(instruments);
  return (events) => joinEvents(events, { ...business, ...messages });
}

/** All of the first, and of the second those that it has. */
const joinEvents = (first: Events, second: Partial<Events>): Events =>
  Object.fromEntries(
    Object.entries<(event: never) => void>({ ...first }).map(([name, tell]) => {
      const also: ((event: never) => void) | undefined = second[name as keyof Events];
      return [
        name,
        (event: never) => {
          tell(event);
          also?.(event);
        },
      ];
    }),
  ) as unknown as Events;

function createBusinessMetrics({ counter }: Instruments): Partial<Events> {
  const outcomes = counter({
    name: "outcomes_total",
    help: "What became of what callers asked for, by application, act and reason (OK or a reason of the contract)",
    labels: ["application", "act", "reason"],
  });
  const suppressed = counter({
    name: "sends_suppressed_total",
    help: "Messages that were not sent while the caller, a browser, was not told",
    labels: ["application", "channel"],
  });
  const unavailable = counter({
    name: "checks_unavailable_total",
    help: "Captchas and look-ups that could not say; outcome is what the application's setting made of it (open: sent, closed: refused)",
    labels: ["check", "name", "outcome"],
  });
  const admin = counter({ name: "admin_acts_total", help: "Acts of operators, by act and reason", labels: ["act", "reason"] });
  const count =
    (act: string) =>
    ({ application, reason }: Outcome): void =>
      outcomes.inc({ application, act, reason });
  return {
    codeSent: count("send"),
    codeResent: count("resend"),
    codeFellBack: count("fallback"),
    codeVerified: count("verify"),
    challengeCanceled: count("cancel"),
    proofRedeemed: count("redeem_proof"),
    sendSuppressed: ({ application, channel }) => suppressed.inc({ application, channel }),
    checkUnavailable: ({ check, name, outcome }) => unavailable.inc({ check, name, outcome }),
    adminActed: ({ act, reason }) => admin.inc({ act, reason }),
  };
}

function createMessageMetrics({ counter, histogram }: Instruments): Partial<Events> {
  const attempts = counter({
    name: "provider_attempts_total",
    help: "Tries to have a message taken, by provider, channel, outcome (accepted, retryable, permanent, unknown) and failure",
    labels: ["provider", "channel", "outcome", "failure"],
  });
  const seconds = histogram({
    name: "provider_attempt_duration_seconds",
    help: "How long providers took to answer, or until they were given up",
    labels: ["provider", "channel"],
    buckets,
  });
  const receipts = counter({
    name: "receipts_total",
    help: "Receipts that were news, by provider, state of the message and failure",
    labels: ["provider", "state", "failure"],
  });
  const refused = counter({
    name: "receipts_refused_total",
    help: "What claimed to be a receipt of a provider and was not taken: forged, malformed, or it could not be checked",
    labels: ["provider", "outcome"],
  });
  const lost = counter({
    name: "deliveries_not_recorded_total",
    help: "Messages that went out while the store did not take their state",
  });
  const circuits = counter({
    name: "circuit_changes_total",
    help: "Times that messages began (open) or ended (closed) to pass a provider over, for one country each",
    labels: ["provider", "state"],
  });
  return {
    messageHandled({ provider, channel, result, durationMs }) {
      const failure = result.outcome === "accepted" ? "" : result.failure;
      attempts.inc({ provider, channel, outcome: result.outcome, failure });
      // Where no provider carries the channel there, nobody was asked.
      if (provider !== "") seconds.observe({ provider, channel }, durationMs / 1000);
    },
    receiptTaken: ({ provider, state, failure = "" }) => receipts.inc({ provider, state, failure }),
    receiptRefused: ({ provider, outcome }) => refused.inc({ provider, outcome }),
    deliveryNotRecorded: () => lost.inc(),
    circuitChanged: ({ provider, state }) => circuits.inc({ provider, state }),
  };
}

export function createAuthenticatorMetrics({ counter }: Instruments): (events: AuthenticatorEvents) => AuthenticatorEvents {
  const changes = counter({
    name: "authenticator_changes_total",
    help: "What was done to authenticators, by act, kind and reason",
    labels: ["act", "kind", "reason"],
  });
  const unreadable = counter({ name: "secrets_unreadable_total", help: "Stored secrets of authenticators that did not open" });
  return (events) => ({
    authenticatorChanged(change) {
      events.authenticatorChanged(change);
      changes.inc({ act: change.act, kind: change.kind ?? "", reason: change.reason });
    },
    secretUnreadable(secret) {
      events.secretUnreadable(secret);
      unreadable.inc();
    },
  });
}
