import { parseRecipient } from "../channels/recipient.ts";
import type { Config } from "../config/config.ts";
import { type AnswerCaptcha, createCaptchaRoute } from "../http/captcha-challenge.ts";
import { type AnswerJwks, createJwksRoute } from "../http/jwks.ts";
import { type AnswerReceipt, createReceiptRoute } from "../http/receipts.ts";
import { type AdminUseCases, createAdminUseCases } from "../otp/admin-use-cases.ts";
import type { AuthenticatorDeps } from "../otp/authenticator-deps.ts";
import { type AuthenticatorUseCases, createAuthenticatorUseCases } from "../otp/authenticator-use-cases.ts";
import { cancelChallenge } from "../otp/cancel-challenge.ts";
import { withDecoys } from "../otp/decoy-ledgers.ts";
import type { OtpDeps } from "../otp/deps.ts";
import { createFallbackRunner } from "../otp/fallback-runner.ts";
import { getChallenge } from "../otp/get-challenge.ts";
import { createKeyring } from "../otp/keyring.ts";
import { isSettled } from "../otp/receipt.ts";
import { type ReceiptDeps, recordReceipt } from "../otp/record-receipt.ts";
import { type RedeemDeps, redeemProof } from "../otp/redeem-proof.ts";
import { resendCode } from "../otp/resend-code.ts";
import { sendCode } from "../otp/send-code.ts";
import { createStretch } from "../otp/stretch.ts";
import { createPretence } from "../otp/substitute-carriers.ts";
import { tellChanges } from "../otp/tell-changes.ts";
import { verifyCode } from "../otp/verify-code.ts";
import { type WatchDeps, watchChallenge } from "../otp/watch-challenge.ts";
import type { Authenticate } from "../rpc/auth.ts";
import { createFindClientAddress, type FindClientAddress } from "../rpc/client-address.ts";
import type { UseCases } from "../rpc/handlers.ts";
import type { RedeemProof } from "../rpc/proof-handlers.ts";
import { maxDeadlineMs } from "../rpc/service.ts";
import { publicKeys } from "../tokens/public-keys.ts";
import { createProofReader } from "../tokens/read-proof.ts";
import { createProofSigner } from "../tokens/sign-proof.ts";
import { createAuthentication } from "./create-authentication.ts";
import { openGuard } from "./create-guard.ts";
import type { Foundation } from "./foundation.ts";
import { limitChallenges } from "./limit-challenges.ts";
import { openAuthenticators } from "./open-authenticators.ts";
import { createRoutes, openCarriers } from "./open-routes.ts";

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
  readonly routes: { readonly answerReceipt?: AnswerReceipt; readonly answerCaptcha?: AnswerCaptcha; readonly answerJwks?: AnswerJwks };
  /** Begins nothing more by itself; calls are still answered. */
  retire(): Promise<void>;
  close(): Promise<void>;
};

type Deps = AuthenticatorDeps & OtpDeps & ReceiptDeps & RedeemDeps & WatchDeps;

/** Rejects, with nothing left open, when a part cannot start. */
export async function openInside(config: Config, foundation: Foundation): Promise<Inside> {
  await using parts = new AsyncDisposableStack();
  const { store, watches, random, now, logger, events, log } = foundation;
  const carriers = await openCarriers(config, {
    inbox: foundation.inbox.provider,
    random,
    now,
    onCircuitChange: events.circuitChanged,
    isSettled: async ({ ref, deliveryId }) => isSettled(await store.read(ref), deliveryId),
  });
  parts.defer(() => carriers.close());
  const { proofs } = config;
  const keyring = createKeyring(config.secrets, random);
  const ledgers = withDecoys(store, keyring);
  const onFault = (cause: unknown): void => log({ errorId: "", rpc: "guard", cause });
  const guard = await openGuard(config, { store, keyring, random, now, events, logger, onFault, gatherMs: 100 }, parts);
  const deps: Deps = {
    ledgers: tellChanges(ledgers, watches.changed),
    watches,
    deliveries: store,
    redemptions: store,
    keyring,
    guard: guard.guard,
    traffic: guard.traffic,
    authenticators: await openAuthenticators(config, { store, random, logger }, parts),
    stretch: createStretch(),
    random,
    parseRecipient,
    applications: config.applications,
    routes: createRoutes(carriers),
    receiptReaders: carriers.receiptReaders,
    onReceipt: carriers.onReceipt,
    pretence: createPretence(random),
    events,
    signer: proofs && createProofSigner(proofs, proofs.keys),
    reader: proofs && createProofReader(proofs, proofs.keys),
    maxDeadlineMs,
  };
  const findAddress = createFindClientAddress(config.trustedProxies);
  const fallbacks = createFallbackRunner(deps, {
    applications: config.applications,
    now,
    onFault: (cause) => log({ errorId: "", rpc: "fallback", cause }),
  });
  parts.defer(() => fallbacks.close());
  const opened = parts.move();
  return {
    authenticate: createAuthentication(config),
    findAddress,
    codes: createUseCases(deps),
    proofs: { redeemProof: (request, call) => redeemProof(deps, request, call) },
    authenticators: createAuthenticatorUseCases(deps),
    admin: createAdminUseCases(deps, { ...guard.places, traffic: store, events }),
    origins: new Set([...config.cors.origins, ...config.keys.flatMap(({ origins = [] }) => origins)]),
    routes: {
      ...(config.receipts && { answerReceipt: createReceipts(deps, config.receipts.publicUrl) }),
      ...(guard.createChallenge && { answerCaptcha: createCaptchaRoute(guard.createChallenge, limitChallenges(findAddress)) }),
      ...(proofs && { answerJwks: createJwksRoute(publicKeys(proofs.keys)) }),
    },
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

const createReceipts = (deps: ReceiptDeps, publicUrl: string): AnswerReceipt =>
  createReceiptRoute({
    publicUrl,
    methodsOf: (provider) => deps.receiptReaders.get(provider)?.methods,
    take: (provider, call) => recordReceipt(deps, provider, call),
  });
