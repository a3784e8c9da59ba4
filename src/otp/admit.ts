import type { OtpDeps } from "./deps.ts";
import type { Admission, SendAsk } from "./guard-ports.ts";
import type { ChannelRoute } from "./ports.ts";
import { allowed, type Result } from "./refusal.ts";
import { sandboxCode } from "./sandbox.ts";

/** Leave to send one message. */
export type Leave = {
  readonly route: ChannelRoute;
  /** The channels after it. */
  readonly others: readonly ChannelRoute[];
  /** It is to be sent only as far as the caller can tell. */
  readonly suppressed: boolean;
  /** Why, where that is known here. */
  readonly why?: string;
  /** When the number's SIM was changed, where that is to be told. */
  readonly simSwappedAt?: number;
  /** Since when only messages that are sent take their time (milliseconds of `performance.now`). */
  readonly startedAt: number;
  /** It is sent. */
  confirm(): void;
  /** It is not sent after all: what was taken from the limits is given back. */
  release(): Promise<void>;
};

type Routes = readonly [ChannelRoute, ...ChannelRoute[]];
type Given = Exclude<Admission, { outcome: "refused" }>;

/**
 * Asks whoever guards the money, for the first channel that it lets a message go by. A sandbox costs none; but a browser that could ask for
 * one as often as it likes, and without a captcha, could tell it from others.
 */
export async function admit(
  deps: Pick<OtpDeps, "guard" | "events">,
  { routes, ...ask }: Omit<SendAsk, "channel" | "unsent"> & { readonly routes: Routes },
  signal: AbortSignal,
): Promise<Result<Leave>> {
  const [route, ...others] = routes;
  const { application, kind } = ask.caller;
  const unsent = sandboxCode(application, ask.recipient) !== undefined;
  if (!deps.guard || (unsent && kind === "service")) return allowed(leave({ route, others }, { outcome: "admitted" }));
  const { channel } = route;
  const admission = await deps.guard.admit({ ...ask, channel, ...(unsent && { unsent }) }, signal);
  const [next, ...rest] = others;
  if (admission.outcome === "refused") {
    if (admission.elsewhere && next) return admit(deps, { ...ask, routes: [next, ...rest] }, signal);
    return { ok: false, refusal: admission.refusal };
  }
  if (unsent) return allowed(leave({ route, others }, { ...admission, outcome: "admitted" }));
  if (admission.outcome === "suppressed") deps.events.sendSuppressed({ application: application.id, channel, why: admission.why });
  return allowed(leave({ route, others }, admission));
}

const leave = (by: Pick<Leave, "route" | "others">, admission: Given): Leave => ({
  ...by,
  suppressed: admission.outcome === "suppressed",
  ...(admission.outcome === "suppressed" && { why: admission.why }),
  ...(admission.outcome === "admitted" && admission.simSwappedAt !== undefined && { simSwappedAt: admission.simSwappedAt }),
  startedAt: performance.now() - (admission.lastAskedMs ?? 0),
  confirm: () => (admission.outcome === "admitted" ? admission.confirm?.() : undefined),
  release: async () => admission.release?.(),
});
