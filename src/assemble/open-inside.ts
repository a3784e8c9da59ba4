import { parseRecipient } from "../channels/recipient.ts";
import type { Config } from "../config/config.ts";
import { type AnswerCaptcha, createCaptchaRoute } from "../http/captcha-challenge.ts";
import { type AnswerJwks, createJwksRoute } from "../http/jwks.ts";
import { type AnswerReceipt, createReceiptRoute } from "../http/receipts.ts";
import { type AnswerSecurityTxt, createSecurityTxtRoute } from "../http/security-txt.ts";
import { type AdminUseCases, createAdminUseCases } from "../otp/admin-use-cases.ts";
import type { AuthenticatorDeps } from "../otp/authenticator-deps.ts";
import { type AuthenticatorUseCases, createAuthenticatorUseCases } from "../otp/authenticator-use-cases.ts";
import { cancelChallenge } from "../otp/cancel-challenge.ts";
import { withDecoys } from "../otp/decoy-ledgers.ts";
import type { OtpDeps } from "../otp/deps.ts";
import { createFallbackRunner } from "../otp/fallback-runner.ts";
import { getChallenge } from "../otp/get-challenge.ts";
import { isSettled } from "../otp/receipt.ts";
import { type ReceiptDeps, recordReceipt } from "../otp/record-receipt.ts";
import { type RedeemDeps, redeemProof } from "../otp/redeem-proof.ts";
import { resendCode } from "../otp/resend-code.ts";
import { sendCode } from "../otp/send-code.ts";
import { createPretence } from "../otp/substitute-carriers.ts";
import { tellChanges } from "../otp/tell-changes.ts";
import { verifyCode } from "../otp/verify-code.ts";
import { type WatchDeps, watchChallenge } from "../otp/watch-challenge.ts";
import type { Authenticate } from "../rpc/auth.ts";
import { createFindClientAddress, type FindClientAddress } from "../rpc/client-address.ts";
import type { UseCases } from "../rpc/handlers.ts";
import type { RedeemProof } from "../rpc/proof-handlers.ts";
import { maxDeadlineMs } from "../rpc/service.ts";
import type { Shown } from "../telemetry/metric-shown.ts";
import type { Tracing } from "../telemetry/tracing.ts";
import { publicKeys } from "../tokens/public-keys.ts";
import { createProofReader } from "../tokens/read-proof.ts";
import { createProofSigner } from "../tokens/sign-proof.ts";
import { openGuard } from "./create-guard.ts";
import type { Foundation } from "./foundation.ts";
import { limitChallenges } from "./limit-challenges.ts";
import { openAuthentication } from "./open-authentication.ts";
import { openAuthenticators } from "./open-authenticators.ts";
import { createRoutes, openCarriers } from "./open-routes.ts";
import { showInside } from "./show-inside.ts";

/** Everything behind the wires that a configuration decides. */
export type Inside = {
  readonly authenticate: Authenticate;
  readonly findAddress: FindClientAddress;
  readonly codes: UseCases;
  readonly proofs: { readonly redeemProof: RedeemProof };
  readonly authenticators: AuthenticatorUseCases;
  readonly admin: AdminUseCases;
  /** Origins whose pages may call. */
  readonly origins: ReadonlySet<string>;
  readonly routes: {
    readonly answerReceipt?: AnswerReceipt;
    readonly answerCaptcha?: AnswerCaptcha;
    readonly answerJwks?: AnswerJwks;
    readonly answerSecurityTxt?: AnswerSecurityTxt;
  };
  /** For operators, whenever they look. */
  show(): Shown;
  /** Begins nothing more by itself; calls are still answered. */
  retire(): Promise<void>;
  close(): Promise<void>;
};

type Deps = AuthenticatorDeps & OtpDeps & ReceiptDeps & RedeemDeps & WatchDeps;

/** Rejects, with nothing left open, when a part cannot start. */
export async function openInside(config: Config, foundation: Foundation): Promise<Inside> {
  await using parts = new AsyncDisposableStack();
  const { store, watches, keyring, blocks, share, random, now, logger, metrics, tracing, events, log } = foundation;
  const carriers = await openCarriers(config, {
    inbox: foundation.inbox.provider,
    random,
    now,
    onCircuitChange: events.circuitChanged,
    share,
    traced: tracing.provider,
    isSettled: async ({ ref, deliveryId }) => isSettled(await store.read(ref), deliveryId),
  });
  parts.defer(() => carriers.close());
  const { proofs } = config;
  const ledgers = withDecoys(store, keyring);
  const onFault = (cause: unknown): void => log({ errorId: "", rpc: "guard", cause });
  const guard = await openGuard(config, { store, keyring, blocks, random, now, events, logger, metrics, onFault, gatherMs: 100 }, parts);
  const deps: Deps = {
    ledgers: tellChanges(ledgers, watches.changed),
    watches,
    deliveries: store,
    redemptions: store,
    keyring,
    guard: tracing.guard(guard.guard),
    traffic: guard.traffic,
    authenticators: await openAuthenticators(config, foundation, parts),
    stretch: foundation.stretches.ofCodes,
    random,
    parseRecipient,
    applications: config.applications,
    routes: createRoutes(carriers),
    receiptReaders: carriers.receiptReaders,
    onReceipt: carriers.onReceipt,
    pretence: createPretence(random),
    events,
    trace: tracing.current,
    signer: proofs && createProofSigner(proofs, proofs.keys),
    reader: proofs && createProofReader(proofs, proofs.keys),
    maxDeadlineMs,
  };
  const findAddress = createFindClientAddress(config.trustedProxies);
  const fallbacks = createFallbackRunner(deps, {
    applications: config.applications,
    now,
    onFault: (cause) => log({ errorId: "", rpc: "fallback", cause }),
    around: tracing.move,
  });
  parts.defer(() => fallbacks.close());
  const authenticate = await openAuthentication(config, foundation, parts);
  const opened = parts.move();
  return {
    authenticate,
    findAddress,
    codes: tracing.verbs(createUseCases(deps)),
    proofs: tracing.verbs<{ redeemProof: RedeemProof }>({ redeemProof: (request, call) => redeemProof(deps, request, call) }),
    authenticators: tracing.verbs(createAuthenticatorUseCases(deps)),
    admin: tracing.verbs(createAdminUseCases(deps, { ...guard.places, traffic: store, events })),
    origins: new Set([
      ...config.cors.origins,
      ...[config.keys, config.certificates, config.tokens].flat().flatMap(({ origins = [] }) => origins),
    ]),
    routes: {
      ...(config.receipts && { answerReceipt: createReceipts(deps, config.receipts.publicUrl, tracing) }),
      ...(guard.createChallenge && {
        answerCaptcha: createCaptchaRoute(guard.createChallenge, limitChallenges(findAddress, foundation.takeChallenge)),
      }),
      ...(proofs && { answerJwks: createJwksRoute(publicKeys(proofs.keys)) }),
      ...(config.securityTxt && { answerSecurityTxt: createSecurityTxtRoute(config.securityTxt, now) }),
    },
    show: showInside(config, carriers),
    retire: () => fallbacks.close(),
    close: () => opened.disposeAsync(),
  };
}

const createUseCases = (deps: OtpDeps & WatchDeps): UseCases => ({
  sendCode: (request, call) => sendCode(deps, request, call),
  resendCode: (request, call) => resendCode(deps, request, call),
  verifyCode: (request, call) => verifyCode(deps, request, call),
  cancelChallenge: (request, call) => cancelChallenge(deps, request, call),
  getChallenge: (request, call) => getChallenge(deps, request, call),
  watchChallenge: (request, call) => watchChallenge(deps, request, call),
});

const createReceipts = (deps: ReceiptDeps, publicUrl: string, tracing: Tracing): AnswerReceipt =>
  createReceiptRoute({
    publicUrl,
    methodsOf: (provider) => deps.receiptReaders.get(provider)?.methods,
    take: tracing.receipts((provider, call) => recordReceipt(deps, provider, call)),
  });
