import type { NumberFacts, NumberWants } from "../otp/guard-ports.ts";
import type { ClosableLookup } from "./create-lookup.ts";
import type { LookupConfigOf } from "./lookup-config.ts";
import { askOnce } from "./lookup-once.ts";
import type { HttpAnswer, HttpPost } from "./post-once.ts";
import { createVendorAgent } from "./vendor-agent.ts";
import { asObject, type JsonObject, parseObject } from "./vendor-json.ts";

type Config = LookupConfigOf<"twilio">;

/** https://www.twilio.com/docs/lookup/v2-api, with its packages SIM Swap, Line Type Intelligence and Line Status. */
export function createTwilioLookup(config: Config, now: () => number): ClosableLookup {
  const agent = createVendorAgent(config.baseUrl);
  return {
    close: async () => agent.destroy(),
    lookup: (phoneNumber, wants, signal) =>
      askOnce({ ...buildRequest(phoneNumber, wants, config), agent, signal }, config.timeoutSeconds, (answer) =>
        readResponse(answer, wants, now()),
      ),
  };
}

export function buildRequest(
  phoneNumber: string,
  wants: NumberWants,
  config: Config,
): Pick<HttpPost, "method" | "url" | "headers" | "body"> {
  const { accountSid, apiKey, authToken, baseUrl = "https://lookups.twilio.com" } = config;
  const fields = [
    ...(wants.simSwap ? ["sim_swap"] : []),
    ...(wants.lineType ? ["line_type_intelligence"] : []),
    ...(wants.reachability ? ["line_status"] : []),
  ];
  const url = new URL(`/v2/PhoneNumbers/${encodeURIComponent(phoneNumber)}?Fields=${fields.join(",")}`, baseUrl);
  const credentials = `${apiKey?.sid ?? accountSid}:${apiKey?.secret ?? authToken}`;
  const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
  return { method: "GET", url, headers: { authorization, accept: "application/json" }, body: "" };
}

/**
 * A package that failed has an `error_code`. Without the SIM swap that was asked for, the number might be anybody's by now: that is
 * `unavailable`, as Twilio advises (https://www.twilio.com/docs/api/errors/60620). The others only save money when they are known.
 */
export function readResponse({ status, body }: HttpAnswer, wants: NumberWants, now: number): NumberFacts | "unavailable" {
  const answer = parseObject(body);
  if (status !== 200 || typeof answer.phone_number !== "string") return "unavailable";
  if (answer.valid === false) return { reachable: false };
  const swap = wants.simSwap ? readSimSwap(answer, now) : {};
  if (swap === "unavailable") return swap;
  const lineType = lineTypes.get(asObject(answer.line_type_intelligence).type);
  const reachable = reachability.get(asObject(answer.line_status).status);
  return { ...swap, ...(lineType && { lineType }), ...(reachable !== undefined && { reachable }) };
}

/** Where carriers may not tell the day, they tell whether it was within the period that the account has; then now is the worst case. */
function readSimSwap(answer: JsonObject, now: number): Pick<NumberFacts, "simSwappedAt"> | "unavailable" {
  const swap = asObject(answer.sim_swap);
  const { last_sim_swap_date: date, swapped_in_period: inPeriod } = asObject(swap.last_sim_swap);
  if ((swap.error_code ?? null) !== null) return "unavailable";
  const swappedAt = typeof date === "string" ? Date.parse(date) : Number.NaN;
  if (Number.isFinite(swappedAt)) return { simSwappedAt: swappedAt };
  if (typeof inPeriod !== "boolean") return "unavailable";
  return inPeriod ? { simSwappedAt: now } : {};
}

const lineTypes: ReadonlyMap<unknown, NonNullable<NumberFacts["lineType"]>> = new Map([
  ["mobile", "mobile"],
  ["landline", "fixed_line"],
  ["fixedVoip", "voip"],
  ["nonFixedVoip", "voip"],
  ["personal", "personal_number"],
  ["tollFree", "toll_free"],
  ["premium", "premium_rate"],
  ["sharedCost", "shared_cost"],
  ["uan", "uan"],
  ["voicemail", "voicemail"],
  ["pager", "pager"],
]);

/** A handset that is off now (`unreachable`) takes its message when it is on again; nobody has a number that is `inactive`. */
const reachability: ReadonlyMap<unknown, boolean> = new Map([
  ["active", true],
  ["reachable", true],
  ["unreachable", true],
  ["inactive", false],
]);
