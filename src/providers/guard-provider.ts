import type { Message, Provider, SendResult } from "../otp/ports.ts";
import { type Circuit, type CircuitSettings, createCircuit, type Verdict } from "./circuit.ts";

/** A provider of which is known how it fares, country by country. */
export type GuardedProvider = Provider & {
  /** Since when messages like this are better given to others; undefined when they may pass. */
  openSince(message: Message): number | undefined;
  report(country: string | undefined, verdict: "good" | "bad"): void;
  state(): ProviderState;
};

/** How a provider fares now: messages that wait for their turn, and the countries (empty: none) whose messages pass it over. */
export type ProviderState = { readonly waiting: number; readonly openCountries: readonly string[] };

export type GuardSettings = CircuitSettings & {
  onChange(change: { readonly provider: string; readonly country: string; readonly state: "open" | "closed" }): void;
};

/** A caller in a hurry says nothing about a provider; one that waited so long to be connected, or to be answered, does. */
const fairMs = { retryable: 900, unknown: 2_000 };

/** Refuses nothing: whoever gives it a message all the same has nobody else to give it to. */
export function guardProvider(provider: Provider, settings: GuardSettings): GuardedProvider {
  const circuits = new Map<string, Circuit>();
  const open = new Set<string>();
  const circuitOf = (country = ""): Circuit => {
    const known = circuits.get(country);
    if (known) return known;
    const circuit = createCircuit(settings, (state) => {
      if (state === "open") open.add(country);
      else open.delete(country);
      settings.onChange({ provider: provider.name, country, state });
    });
    circuits.set(country, circuit);
    return circuit;
  };
  return {
    name: provider.name,
    openSince: ({ country }) => circuitOf(country).openSince(),
    report: (country, verdict) => circuitOf(country).report(verdict),
    state: () => ({ waiting: 0, openCountries: [...open] }),
    send(message, signal, onWritten) {
      const started = performance.now();
      return circuitOf(message.country).run(
        () => provider.send(message, signal, onWritten),
        (result) => judge(result, signal.aborted ? performance.now() - started : Number.POSITIVE_INFINITY),
      );
    },
  };
}

/**
 * An answer about the recipient, the sender's name or the text shows that the provider works. One about the account shows that it
 * will take nothing from us, from whomever.
 */
function judge(result: SendResult, patienceMs: number): Verdict {
  if (result.outcome === "accepted") return "good";
  if (result.outcome !== "permanent") return result.failure === "timeout" && patienceMs < fairMs[result.outcome] ? "neutral" : "bad";
  return result.failure === "credentials_refused" || result.failure === "funds_exhausted" ? "bad" : "good";
}
