import { randomUUID } from "node:crypto";
import type { LookupFunction } from "node:net";
import type { NumberFacts, NumberWants } from "../otp/guard-ports.ts";
import { numberTypes } from "../otp/number-policy.ts";
import type { ClosableLookup } from "./create-lookup.ts";
import { isPrivateAllowed } from "./endpoint-config.ts";
import { createGuardedAgent } from "./guarded-agent.ts";
import type { LookupConfigOf } from "./lookup-config.ts";
import { askOnce } from "./lookup-once.ts";
import type { HttpAnswer, HttpPost } from "./post-once.ts";
import { signWebhook } from "./standard-webhooks.ts";
import { parseObject } from "./vendor-json.ts";

type Config = LookupConfigOf<"webhook">;

export type WebhookLookupDeps = {
  /** Milliseconds since 1970: receivers refuse what is older than some minutes. */
  now(): number;
  readonly lookup?: LookupFunction;
};

/** Any service of the operator's own that knows numbers: a signed POST, answered by what it knows. Redirects are not followed. */
export function createWebhookLookup(config: Config, { now, lookup }: WebhookLookupDeps): ClosableLookup {
  const agent = createGuardedAgent({ url: new URL(config.url), privateAllowed: isPrivateAllowed(config), ca: config.ca, lookup });
  return {
    close: async () => agent.destroy(),
    lookup: (phoneNumber, wants, signal) =>
      askOnce({ ...buildRequest(phoneNumber, wants, { config, now: now() }), agent, signal }, config.timeoutSeconds, (answer) =>
        readResponse(answer, wants, now()),
      ),
  };
}

export function buildRequest(
  phoneNumber: string,
  { simSwap, lineType, reachability }: NumberWants,
  { config, now }: { readonly config: Config; readonly now: number },
): Pick<HttpPost, "url" | "headers" | "body"> {
  const wants = [...(simSwap ? ["sim_swapped_at"] : []), ...(lineType ? ["line_type"] : []), ...(reachability ? ["reachable"] : [])];
  const body = JSON.stringify({ type: "countersign.lookup", phone_number: phoneNumber, wants });
  const signature = signWebhook({ id: randomUUID(), timestampSeconds: now / 1000, body, secrets: config.secrets });
  const headers = { "user-agent": "countersign", ...signature, "content-type": "application/json; charset=utf-8" };
  return { url: new URL(config.url), headers, body };
}

/**
 * 200 and what is known of what was wanted: `{"sim_swapped_at": "2026-01-31T12:00:00Z", "line_type": "mobile", "reachable": true}`.
 * `null` for a SIM that was never changed; without a word of it, nobody knows whose SIM it is. A minute of another clock may lie
 * ahead; more is no moment that can have been.
 */
export function readResponse({ status, body }: HttpAnswer, wants: NumberWants, now: number): NumberFacts | "unavailable" {
  const answer = parseObject(body);
  if (status !== 200) return "unavailable";
  const swappedAt = wants.simSwap ? readMoment(answer.sim_swapped_at, now) : null;
  if (swappedAt === undefined) return "unavailable";
  const lineType = numberTypes.find((type) => type === answer.line_type);
  const { reachable } = answer;
  return {
    ...(swappedAt !== null && { simSwappedAt: swappedAt }),
    ...(lineType && { lineType }),
    ...(typeof reachable === "boolean" && { reachable }),
  };
}

function readMoment(value: unknown, now: number): number | null | undefined {
  if (value === null) return null;
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value)) return undefined;
  const at = Date.parse(value);
  return Number.isFinite(at) && at <= now + maxAheadMs ? at : undefined;
}

const maxAheadMs = 60_000;
