import type { SendResult } from "../otp/ports.ts";
import { AddressRefused } from "./guarded-agent.ts";
import { NoAnswer } from "./post-once.ts";

/** What it means for a message that no answer came. Whatever else was thrown is our own fault, and goes on. */
export function readNoAnswer(error: unknown): SendResult {
  if (!(error instanceof NoAnswer)) throw error;
  const { written, failure, cause } = error;
  if (cause instanceof AddressRefused) return { outcome: "retryable", failure, vendorCode: "address_refused" };
  return { outcome: written ? "unknown" : "retryable", failure };
}
