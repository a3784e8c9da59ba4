import type { RedeemProofResponse, RedeemProofRequest as WireRedeem } from "../gen/countersign/v1/proof_service_pb.js";
import { ProofService } from "../gen/countersign/v1/proof_service_pb.js";
import type { RedeemedProof, RedeemProofRequest } from "../otp/redeem-proof.ts";
import type { Result } from "../otp/refusal.ts";
import { allowed } from "../otp/refusal.ts";
import type { Call } from "../otp/types.ts";
import type { Authenticate } from "./auth.ts";
import { createAnswer } from "./call.ts";
import type { Service } from "./service.ts";
import { asService } from "./service.ts";
import { timestamp, wireChannels } from "./write-response.ts";

export type RedeemProof = (request: RedeemProofRequest, call: Call) => Promise<Result<RedeemedProof>>;

/** `ProofService` as every wire carries it. */
export function createProofService(redeemProof: RedeemProof, authenticate: Authenticate): Service {
  const answer = createAnswer(authenticate, "proofs");
  return asService(ProofService, { redeemProof: answer({ read, run: redeemProof, write }) });
}

const read = ({ proofToken, requestId }: WireRedeem): Result<RedeemProofRequest> => allowed({ proofToken, requestId });

const write = (proof: RedeemedProof): RedeemProofResponse => ({
  $typeName: "countersign.v1.RedeemProofResponse",
  challengeId: proof.challengeId,
  subject: proof.subject,
  channel: wireChannels[proof.channel],
  purpose: proof.purpose,
  bindingSha256: proof.bindingDigest,
  verifyTime: timestamp(proof.verifiedAt),
  redeemTime: timestamp(proof.redeemedAt),
});
