import type { ChallengeTrace, DeliveryTrace } from "../otp/trace-challenge.ts";

/** For people: the finding first, then the facts, then what happened in order. */
export function traceText(trace: ChallengeTrace, finding: string): string {
  const { createdAt, timeline } = trace;
  return [
    finding,
    "",
    ...aligned(factsOf(trace)),
    ...(trace.deliveries.length > 0 ? ["", ...aligned([deliveryTitles, ...trace.deliveries.map(deliveryRow)])] : []),
    "",
    ...aligned(timeline.map(({ at, what }) => [moment(at), `${at < createdAt ? "-" : "+"}${Math.abs(at - createdAt) / 1000} s`, what])),
    "",
  ].join("\n");
}

function factsOf(trace: ChallengeTrace): string[][] {
  const { attempts, attemptsRemaining, sends, sendsRemaining, fallback, recipient } = trace;
  return [
    ["challenge", trace.challengeId],
    ["application", trace.application],
    ["recipient", trace.maskedRecipient ?? "unknown: the key that it is sealed under is not configured any more"],
    ["purpose", trace.purpose],
    ["state", trace.decoy ? `${trace.state} (decoy)` : trace.state],
    ["created", moment(trace.createdAt)],
    ["expires", moment(trace.expiresAt)],
    ["codes tried", `${attempts}, ${attemptsRemaining} more may be`],
    ["messages", `${sends}, ${sendsRemaining} more may be${sendsRemaining > 0 ? `, the next from ${moment(trace.resendAt)} on` : ""}`],
    ...(fallback ? [["goes on by", fallback.channels.join(", ") + (fallback.at === undefined ? "" : ` at ${moment(fallback.at)}`)]] : []),
    ["lock", lockOf(recipient)],
  ];
}

function lockOf({ locked, unlocksAt, failuresInRow, failures, sends }: ChallengeTrace["recipient"]): string {
  const counts = `${failures.length} wrong codes that count, ${failuresInRow} in a row; ${sends} messages that count`;
  const until = unlocksAt === undefined ? "until `unlock`" : `until ${moment(unlocksAt)}`;
  return `${locked ? `the recipient is locked ${until}` : "the recipient is not locked"}; ${counts}`;
}

const deliveryTitles = ["message", "channel", "provider", "state", "failure", "vendor code", "reference", "trace"];

const deliveryRow = (delivery: DeliveryTrace, index: number): string[] => [
  String(index + 1),
  delivery.channel,
  delivery.provider ?? "-",
  delivery.suppressed === undefined ? (delivery.abandoned ? "unknown" : delivery.state) : "not sent",
  delivery.failure ?? "-",
  delivery.vendorCode ?? "-",
  delivery.reference ?? "-",
  delivery.traceId ?? "-",
];

/** Two spaces between columns. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

const moment = (at: number): string => new Date(at).toISOString();
