import { checkKey, checkText, invalid, type Violations } from "./check.ts";
import type { RandomBytes } from "./code.ts";
import type { Keyring } from "./keyring.ts";
import type { Events, ProofReader } from "./ports.ts";
import type { SignedProof } from "./proof.ts";
import { allowed, type Result, refused } from "./refusal.ts";
import { orUnavailable } from "./refuse.ts";
import type { RedemptionStore } from "./store-ports.ts";
import type { Call } from "./types.ts";

export type RedeemDeps = {
  /** Undefined while the service has no proof key. */
  readonly reader: ProofReader | undefined;
  readonly redemptions: RedemptionStore;
  readonly keyring: Pick<Keyring, "digest">;
  readonly random: RandomBytes;
  readonly events: Pick<Events, "proofRedeemed">;
};

export type RedeemProofRequest = { readonly proofToken: string; readonly requestId: string };

export type RedeemedProof = SignedProof & { readonly redeemedAt: number };

const maxTokenLength = 4096;

/** Spends a proof: `ok` means that it was genuine, in time, and never redeemed before. */
export async function redeemProof(deps: RedeemDeps, request: RedeemProofRequest, call: Call): Promise<Result<RedeemedProof>> {
  const read = await readProof(deps, request, call);
  const result = read.ok ? await orUnavailable(spend(deps, read.value, request, call)) : read;
  deps.events.proofRedeemed({
    application: call.caller.application.id,
    reason: result.ok ? "OK" : result.refusal.reason,
    ...(read.ok && { challengeId: read.value.challengeId, channel: read.value.channel, purpose: read.value.purpose }),
  });
  return result;
}

async function readProof(deps: RedeemDeps, request: RedeemProofRequest, call: Call): Promise<Result<SignedProof>> {
  // 1. What nobody could answer with yes. A browser's key is public: it spends nothing.
  const checked = checkRedeem(request, call);
  if (!checked.ok) return checked;
  if (!deps.reader) return refused("UNIMPLEMENTED", "this service has no proof key, so there is no proof to redeem");
  // 2. Signed by us, for the caller's application. Forgeries do not reach the store.
  const proof = await deps.reader.read(request.proofToken, call.caller.application.id);
  return proof ? allowed(proof) : refused("PROOF_INVALID", "this is no proof of this service for your application");
}

async function spend(deps: RedeemDeps, proof: SignedProof, request: RedeemProofRequest, call: Call): Promise<Result<RedeemedProof>> {
  call.signal.throwIfAborted();
  // 3. In time and the first, in one atomic write by the store's clock: parallel calls cannot share a proof.
  const outcome = await deps.redemptions.redeem({ id: proof.id, by: redeemerOf(deps, proof, request), expiresAt: proof.expiresAt });
  switch (outcome.status) {
    case "redeemed":
      return allowed({ ...proof, redeemedAt: outcome.at });
    case "taken":
      return refused("PROOF_ALREADY_REDEEMED", "the proof was redeemed before; verify a new code");
    case "expired":
      return refused("PROOF_EXPIRED", "the proof has expired; verify a new code");
  }
}

function checkRedeem({ proofToken, requestId }: RedeemProofRequest, { caller }: Call): Result<undefined> {
  if (caller.kind !== "service") return refused("CALLER_NOT_ALLOWED", "proofs are redeemed by services; use a service key");
  const violations: Violations = [];
  if (proofToken === "") violations.push({ field: "proof_token", description: "send the proof_token that VerifyCode answered with" });
  checkText(violations, "proof_token", proofToken, maxTokenLength);
  checkKey(violations, "request_id", requestId);
  return violations.length > 0 ? invalid(violations) : allowed(undefined);
}

/** Whoever names a request is the same redeemer when it asks again; whoever does not is another one every time. */
const redeemerOf = ({ keyring, random }: RedeemDeps, { id }: SignedProof, { requestId }: RedeemProofRequest): string =>
  requestId ? keyring.digest("redeem", id, requestId) : Buffer.from(random(18)).toString("base64url");
