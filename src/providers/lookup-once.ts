import type { NumberFacts } from "../otp/guard-ports.ts";
import { type HttpAnswer, type HttpPost, NoAnswer, postOnce } from "./post-once.ts";

/** One question, in bounded time; whatever is not an answer is `unavailable`. */
export async function askOnce(
  request: HttpPost,
  timeoutSeconds: number,
  read: (answer: HttpAnswer) => NumberFacts | "unavailable",
): Promise<NumberFacts | "unavailable"> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutSeconds * 1000)]);
  try {
    return read(await postOnce({ ...request, signal }));
  } catch (error) {
    if (error instanceof NoAnswer) return "unavailable";
    throw error;
  }
}
