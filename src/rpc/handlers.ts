import { CodeService } from "../gen/countersign/v1/code_service_pb.js";
import type { Challenge, ResendCodeRequest, SendCodeRequest, Verification, VerifyCodeRequest } from "../otp/challenge.ts";
import type { Result } from "../otp/refusal.ts";
import type { Call } from "../otp/types.ts";
import type { Authenticate } from "./auth.ts";
import { createAnswer, createAnswerStream } from "./call.ts";
import { clientOf } from "./caller-client.ts";
import type { FindClientAddress } from "./client-address.ts";
import { readChallengeId, readResendCode, readSendCode, readVerifyCode } from "./read-request.ts";
import type { Service } from "./service.ts";
import { asService } from "./service.ts";
import { writeChallenge, writeVerification } from "./write-response.ts";

/** What the wires need from the inside. */
export type UseCases = {
  sendCode(request: SendCodeRequest, call: Call): Promise<Result<Challenge>>;
  resendCode(request: ResendCodeRequest, call: Call): Promise<Result<Challenge>>;
  verifyCode(request: VerifyCodeRequest, call: Call): Promise<Result<Verification>>;
  cancelChallenge(request: { readonly challengeId: string }, call: Call): Promise<Result<Challenge>>;
  getChallenge(request: { readonly challengeId: string }, call: Call): Promise<Result<Challenge>>;
  watchChallenge(request: { readonly challengeId: string }, call: Call): AsyncIterable<Result<Challenge>>;
};

/** `CodeService` as every wire carries it. */
export function createCodeService(useCases: UseCases, authenticate: Authenticate, findAddress?: FindClientAddress): Service {
  const answer = createAnswer(authenticate, "codes", findAddress);
  const answerStream = createAnswerStream(authenticate, "codes");
  return asService(CodeService, {
    sendCode: answer({
      read: readSendCode,
      run: (request, call) => useCases.sendCode({ ...request, client: clientOf(request.client, call) }, call),
      write: (value) => ({ $typeName: "countersign.v1.SendCodeResponse", challenge: writeChallenge(value) }),
    }),
    resendCode: answer({
      read: readResendCode,
      run: useCases.resendCode,
      write: (value) => ({ $typeName: "countersign.v1.ResendCodeResponse", challenge: writeChallenge(value) }),
    }),
    verifyCode: answer({ read: readVerifyCode, run: useCases.verifyCode, write: writeVerification }),
    cancelChallenge: answer({
      read: readChallengeId,
      run: useCases.cancelChallenge,
      write: (value) => ({ $typeName: "countersign.v1.CancelChallengeResponse", challenge: writeChallenge(value) }),
    }),
    getChallenge: answer({
      read: readChallengeId,
      run: useCases.getChallenge,
      write: (value) => ({ $typeName: "countersign.v1.GetChallengeResponse", challenge: writeChallenge(value) }),
    }),
    watchChallenge: answerStream({
      read: readChallengeId,
      run: useCases.watchChallenge,
      write: (value) => ({ $typeName: "countersign.v1.WatchChallengeResponse", challenge: writeChallenge(value) }),
    }),
  });
}
