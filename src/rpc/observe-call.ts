/** Seen from outside, a call is its beginning and its end; whoever counts calls is told of both by the wire that carries them. */
import { Code, type ConnectError } from "@connectrpc/connect";
import type { Metadata } from "@grpc/grpc-js";
import { type ErrorInfo, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { askedTimeoutKey, parseDeadline } from "./deadline.ts";
import { maxDeadlineMs, maxStreamMs } from "./service.ts";

export type Wire = "grpc" | "grpc_web" | "connect" | "json";

export type CallBegun = { readonly rpc: string; readonly wire: Wire; readonly isStream: boolean };

/** Told that a call begins, and gives whom to tell, once, that it has ended: `OK`, a reason, or `CANCELED` by its caller. */
export type ObserveCall = (call: CallBegun) => (reason: string) => void;

export const observeNothing: ObserveCall = () => () => {};

/** The reason that the error gives to its caller; of Connect's own errors, their code. */
export function reasonOf(error: ConnectError): string {
  const [info] = error.details.flatMap((detail) =>
    "desc" in detail && detail.desc === ErrorInfoSchema ? [detail.value as ErrorInfo] : [],
  );
  return info?.reason ?? Code[error.code].replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

/**
 * grpc-js says only that a call was given up. A client sends its own end of the call when its deadline passes, a moment before we
 * would: what is given up when nearly all of its time was used counts as late.
 */
export function reasonGivenUp(elapsedMs: number, { metadata, isStream }: { readonly metadata: Metadata; readonly isStream: boolean }) {
  const [asked] = metadata.get(askedTimeoutKey);
  const deadline = parseDeadline("grpc-timeout", asked?.toString(), isStream ? maxStreamMs : maxDeadlineMs);
  const allowedMs = deadline.ok ? deadline.value : maxDeadlineMs;
  return elapsedMs >= 0.95 * allowedMs ? "DEADLINE_EXCEEDED" : "CANCELED";
}

/** Told of Connect's protocols; JSON is told from the others, as its callers are other people. */
export const wireOfConnect = (protocol: string, contentType: string | null): Wire => {
  if (protocol === "grpc-web") return "grpc_web";
  return contentType !== null && /\bjson\b/.test(contentType) ? "json" : "connect";
};
