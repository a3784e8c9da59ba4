import type { Result } from "../otp/refusal.ts";
import { allowed, refused } from "../otp/refusal.ts";

const grpcUnitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };

/** Where the wires keep what the caller asked for, once the lowered deadline has taken its place. */
export const askedTimeoutKey = "x-countersign-asked-timeout";

export type DeadlineHeader = "grpc-timeout" | "connect-timeout-ms";

/** How long a call may take: what the caller asked for, lowered to `maxMs`; `maxMs` when it asked for nothing. */
export function parseDeadline(header: DeadlineHeader, value: string | undefined, maxMs: number): Result<number> {
  if (value === undefined) return allowed(maxMs);
  const asked = header === "grpc-timeout" ? grpcMs(value) : connectMs(value);
  if (asked !== undefined) return allowed(Math.min(Math.ceil(asked), maxMs));
  const form = header === "grpc-timeout" ? "1 to 8 digits and one of H, M, S, m, u, n, such as 1500m" : "1 to 10 digits, in milliseconds";
  const violation = { field: header, description: `must be ${form}` };
  return refused("INVALID_ARGUMENT", `${header}: ${violation.description}`, { violations: [violation] });
}

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, TimeoutValue */
function grpcMs(value: string): number | undefined {
  const match = /^(\d{1,8})([HMSmun])$/.exec(value);
  return match ? Number(match[1]) * (grpcUnitsMs[match[2] as string] as number) : undefined;
}

/** https://connectrpc.com/docs/protocol, Timeout-Milliseconds */
const connectMs = (value: string): number | undefined => (/^\d{1,10}$/.test(value) ? Number(value) : undefined);
