import type { AuthenticatorStore } from "../otp/authenticator-ports.ts";
import type { AddOutcome, ProveAuthenticator, ProveOutcome, SubjectRef } from "../otp/authenticator-requests.ts";
import { proveAuthenticator } from "../otp/authenticator-rules.ts";
import { attemptsRemaining } from "../otp/ledger-limits.ts";
import { added, addPipeline, canFit, mismatch, proved, provePipeline, removed, removePipeline } from "./mongo-authenticators.ts";
import { isFieldName, type LedgerReturned, ledgerOf } from "./mongo-document.ts";
import type { Pipeline } from "./mongo-pipelines.ts";

/** What the verbs need: each call is one operation on the subject's ledger, which comes back as it is then. */
type Access = {
  /** Makes the record where it is missing. */
  upsert(of: SubjectRef, pipeline: Pipeline): Promise<LedgerReturned>;
  change(of: SubjectRef, pipeline: Pipeline): Promise<LedgerReturned | null>;
  /** `at` is the database's clock. */
  read(of: SubjectRef): Promise<LedgerReturned | null>;
};

/** Which authenticators a subject has, in its ledger's document. */
export const createAuthenticatorVerbs = ({ upsert, change, read }: Access): AuthenticatorStore => ({
  async addAuthenticators(request): Promise<AddOutcome> {
    const returned = canFit(request) ? await upsert(request, addPipeline(request)) : await change(request, addPipeline(request));
    if (returned?.verdict !== added) return { status: "too_many" };
    const { authenticators = {} } = ledgerOf(returned, request);
    const wanted = new Set(request.add.map(({ id }) => id));
    return { status: "added", authenticators: Object.fromEntries(Object.entries(authenticators).filter(([id]) => wanted.has(id))) };
  },
  async proveAuthenticator(request) {
    if (!isFieldName(request.authenticator)) return { status: "not_found" };
    const returned = request.claim === undefined ? await read(request) : await change(request, provePipeline(request));
    return returned ? proveOutcome(returned, request) : { status: "not_found" };
  },
  async removeAuthenticator(request) {
    if (!isFieldName(request.authenticator)) return { status: "not_found" };
    const returned = await change(request, removePipeline(request));
    return { status: returned?.verdict === removed ? "removed" : "not_found" };
  },
});

/** What was written, the database decided; why nothing was, the rules tell from the record. */
function proveOutcome(returned: LedgerReturned, request: ProveAuthenticator): ProveOutcome {
  const ledger = ledgerOf(returned, request);
  const now = Number(returned.at);
  const { authenticator: id, act, claim, limits } = request;
  const authenticator = ledger.authenticators?.[id];
  if (claim !== undefined && authenticator && returned.verdict === proved) return { status: "proved", authenticator };
  if (claim !== undefined && authenticator && returned.verdict === mismatch) {
    const { attempts } = act === "confirm" ? authenticator : { attempts: 0 };
    return { status: "mismatch", attemptsRemaining: attemptsRemaining(ledger, { attempts }, limits, now) };
  }
  const outcome = proveAuthenticator(ledger, request, now);
  if (outcome.status === "proved" || outcome.status === "mismatch") throw new Error("the database refused what the rules allow");
  return outcome;
}
