import type { Challenge } from "./challenge.ts";
import { parseChallengeId } from "./challenge-id.ts";
import { checkChallengeId, invalid, type Violations } from "./check.ts";
import type { OtpDeps } from "./deps.ts";
import { isForAnother } from "./hide.ts";
import type { ChallengeRef } from "./ledger.ts";
import { allowed, type Result, refused } from "./refusal.ts";
import { challengeNotFound } from "./refuse.ts";
import { type SealedSend, unsealSend } from "./sealed-send.ts";
import type { Call } from "./types.ts";
import { viewChallenge } from "./view-challenge.ts";
import type { News, Watches } from "./watches.ts";

export type WatchDeps = Pick<OtpDeps, "keyring"> & { readonly watches: Watches };

/** Keeps proxies from taking the stream for dead (60 s with most), and finds out that the caller is. */
const heartbeatMs = 10_000;
/** A failover of the database takes about that long, and is no news of the challenge. */
const storePatienceMs = 30_000;
/** Nobody can tell when a place will be free; this is often enough to find one. */
const askForPlaceMs = 5_000;
/** Another replica is there already, or this one soon will be again. */
const watchAgainMs = 1_000;

/** Shows a challenge as it is, and then after every change until no code can verify it any more. A refusal is the last result. */
export async function* watchChallenge(
  deps: WatchDeps,
  request: { readonly challengeId: string },
  call: Call,
): AsyncGenerator<Result<Challenge>, void> {
  // 1. What no challenge is called costs no place and no reading.
  const violations: Violations = [];
  checkChallengeId(violations, request.challengeId);
  if (violations.length > 0) return yield invalid(violations);
  const ref = parseChallengeId(request.challengeId, call.caller.application.id);
  if (!ref) return yield challengeNotFound();
  yield* show(deps, ref, call);
}

async function* show(deps: WatchDeps, ref: ChallengeRef, call: Call): AsyncGenerator<Result<Challenge>, void> {
  let send: SealedSend | undefined;
  let shown: { readonly text: string; readonly at: number } | undefined;
  // 2. Take a place among the watchers; it is given back however this ends.
  for await (const news of deps.watches.watch(ref, call.signal)) {
    // 3. What is no reading ends the watch, or is waited out.
    if (news.status !== "read") {
      const refusal = refuseNews(news, shown !== undefined);
      if (refusal) return yield refusal;
      continue;
    }
    if (!news.view || isForAnother(news.view.challenge, call)) return yield challengeNotFound();
    // 4. Show what the caller has not seen. Compared as it is shown: some of it changes by the clock alone.
    send ??= unsealSend(deps.keyring, ref, news.view.challenge.sealed);
    const challenge = viewChallenge(ref, news.view, send, call.caller);
    const text = JSON.stringify(challenge);
    if (text !== shown?.text || performance.now() - shown.at >= heartbeatMs) {
      yield allowed(challenge);
      shown = { text, at: performance.now() };
    }
    // 5. Of what is over nothing more is to come.
    if (challenge.state !== "pending") return;
  }
}

function refuseNews(news: Exclude<News, { status: "read" }>, wasShown: boolean): Result<never> | undefined {
  switch (news.status) {
    case "full":
      return refused("RATE_LIMITED", `too many watchers of this ${news.scope}`, {
        metadata: { scope: news.scope },
        retryAfterMs: askForPlaceMs,
      });
    case "closing":
      return refused("SHUTTING_DOWN", "the service is stopping; watch again", { retryAfterMs: watchAgainMs });
    case "lost":
      if (wasShown && news.forMs < storePatienceMs) return undefined;
      return refused("STORE_UNAVAILABLE", "the store cannot be reached; try again later");
    case "failed":
      throw news.cause;
  }
}
