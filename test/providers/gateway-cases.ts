import type { Behaviour } from "./gateway-server.ts";

export type GatewayCase = readonly [name: string, behaviour: Behaviour, expected: object];

const answer = (status: number, body = "", headers: Record<string, string> = {}): Behaviour => ({ kind: "answer", status, body, headers });

/** What holds of any gateway that says success by `status: queued` in a 2xx answer. */
export const gatewayCases: readonly GatewayCase[] = [
  ["taken", answer(200, '{"status":"queued","id":"m-7"}'), { outcome: "accepted", reference: "m-7" }],
  ["taken, with a number for an id", answer(202, '{"status":"queued","id":7}'), { outcome: "accepted", reference: "7" }],
  [
    "taken, with an id that no number holds",
    answer(200, '{"status":"queued","id":12345678901234567890}'),
    { outcome: "accepted", reference: "12345678901234567890" },
  ],
  ["400", answer(400, "bad"), { outcome: "permanent", failure: "provider_error", vendorCode: "http_400" }],
  ["401", answer(401), { outcome: "permanent", failure: "credentials_refused", vendorCode: "http_401" }],
  ["403", answer(403, "<html>"), { outcome: "permanent", failure: "credentials_refused" }],
  ["404", answer(404), { outcome: "permanent", failure: "provider_error", vendorCode: "http_404" }],
  ["408", answer(408), { outcome: "unknown", failure: "provider_error" }],
  ["429", answer(429, "slow down"), { outcome: "retryable", failure: "throttled", vendorCode: "http_429" }],
  ["500", answer(500, "oops"), { outcome: "unknown", failure: "provider_error", vendorCode: "http_500" }],
  ["502 of a proxy", answer(502, "bad gateway"), { outcome: "unknown", failure: "provider_error" }],
  ["503", answer(503), { outcome: "unknown", failure: "provider_error" }],
  ...[301, 302, 303, 307, 308].map(
    (status): GatewayCase => [
      `redirect ${status}`,
      answer(status, "", { location: "/elsewhere" }),
      { outcome: "unknown", failure: "provider_error", vendorCode: `http_${status}` },
    ],
  ),
  ["nothing in 200", answer(200), { outcome: "unknown", failure: "provider_error" }],
  ["HTML in 200", answer(200, "<html>welcome</html>"), { outcome: "unknown", failure: "provider_error" }],
  ["half of the JSON", answer(200, '{"status":"queu'), { outcome: "unknown", failure: "provider_error" }],
  ["null", answer(200, "null"), { outcome: "unknown", failure: "provider_error" }],
  ["JSON nested deep", answer(200, "[".repeat(60_000)), { outcome: "unknown", failure: "provider_error" }],
  ["a status that is an object", answer(200, '{"status":{"toString":1}}'), { outcome: "unknown", failure: "provider_error" }],
  ["a status that is inherited", answer(200, '{"__proto__":{"status":"queued"}}'), { outcome: "unknown", failure: "provider_error" }],
  ["an answer without end", { kind: "huge" }, { outcome: "unknown", failure: "provider_error" }],
  ["a reset after the request", { kind: "reset" }, { outcome: "unknown", failure: "unreachable" }],
  ["a reset within the answer", { kind: "reset_in_answer" }, { outcome: "unknown", failure: "unreachable" }],
  ["no answer", { kind: "hang" }, { outcome: "unknown", failure: "timeout" }],
  ["an answer that drips", { kind: "drip" }, { outcome: "unknown", failure: "timeout" }],
];
