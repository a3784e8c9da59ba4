import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";

/** Why a call did not do what was asked, from the error's typed details. */
export type Failure = {
  /** A reason of `countersign.v1.ErrorReason` without its prefix, or one of the element's own. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Fields of the request that the service did not understand. */
  readonly fields: readonly string[];
  readonly retryAfterMs?: number;
};

/** No answer, or none of this service's: what was asked may have happened. */
export const noAnswer = "NO_ANSWER";
/** What was typed cannot be right, and was not sent. */
export const notSent = "NOT_SENT";

export const localFailure = (reason: string, ...fields: string[]): Failure => ({ reason, metadata: {}, fields });

export function readFailure(thrown: unknown): Failure {
  const error = ConnectError.from(thrown);
  const info = error.findDetails(ErrorInfoSchema).find(({ domain }) => domain === "countersign");
  if (!info) return { reason: error.code === Code.Canceled ? "CANCELED" : noAnswer, metadata: {}, fields: [] };
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    reason: info.reason,
    metadata: info.metadata,
    fields: error.findDetails(BadRequestSchema).flatMap(({ fieldViolations }) => fieldViolations.map(({ field }) => field)),
    ...(delay && { retryAfterMs: Number(delay.seconds) * 1000 + Math.ceil(delay.nanos / 1e6) }),
  };
}

const mayPass = new Set([noAnswer, "DEADLINE_EXCEEDED", "STORE_UNAVAILABLE", "REQUEST_IN_PROGRESS", "SHUTTING_DOWN", "OVERLOADED"]);

/** Whether the same request, under the same key, may get another answer in a moment. */
export const isPassing = ({ reason }: Failure): boolean => mayPass.has(reason);
