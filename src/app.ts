import { createAuthentication } from "./assemble/create-authentication.ts";
import { openGuard } from "./assemble/create-guard.ts";
import { limitChallenges } from "./assemble/limit-challenges.ts";
import { openAuthenticators } from "./assemble/open-authenticators.ts";
import { createRoutes, openCarriers } from "./assemble/open-routes.ts";
import { type Opening, openStore } from "./assemble/open-store.ts";
import { parseRecipient } from "./channels/recipient.ts";
import type { Config } from "./config/config.ts";
import { createCaptchaRoute } from "./http/captcha-challenge.ts";
import { createJwksRoute } from "./http/jwks.ts";
import { listenHttp } from "./http/listen-http.ts";
import { createPlayground } from "./http/playground.ts";
import { createReceiptRoute } from "./http/receipts.ts";
import { createAdminUseCases } from "./otp/admin-use-cases.ts";
import type { AuthenticatorDeps } from "./otp/authenticator-deps.ts";
import { createAuthenticatorUseCases } from "./otp/authenticator-use-cases.ts";
import { cancelChallenge } from "./otp/cancel-challenge.ts";
import { withDecoys } from "./otp/decoy-ledgers.ts";
import type { OtpDeps } from "./otp/deps.ts";
import { createFallbackRunner } from "./otp/fallback-runner.ts";
import { getChallenge } from "./otp/get-challenge.ts";
import { createKeyring } from "./otp/keyring.ts";
import { createRandom } from "./otp/random.ts";
import { isSettled } from "./otp/receipt.ts";
import { type ReceiptDeps, recordReceipt } from "./otp/record-receipt.ts";
import { type RedeemDeps, redeemProof } from "./otp/redeem-proof.ts";
import { resendCode } from "./otp/resend-code.ts";
import { sendCode } from "./otp/send-code.ts";
import type { LedgerStore } from "./otp/store-ports.ts";
import { createStretch } from "./otp/stretch.ts";
import { createPretence } from "./otp/substitute-carriers.ts";
import { tellChanges } from "./otp/tell-changes.ts";
import { verifyCode } from "./otp/verify-code.ts";
import { type WatchDeps, watchChallenge } from "./otp/watch-challenge.ts";
import { createWatches } from "./otp/watches.ts";
import { createInbox } from "./providers/inbox.ts";
import { createAdminService } from "./rpc/admin-handlers.ts";
import { createAuthenticatorService } from "./rpc/authenticator-handlers.ts";
import { createFindClientAddress } from "./rpc/client-address.ts";
import { createConnectHandler } from "./rpc/connect-handler.ts";
import { createCodeService, type UseCases } from "./rpc/handlers.ts";
import { listenGrpc } from "./rpc/listen-grpc.ts";
import { createProofService, type RedeemProof } from "./rpc/proof-handlers.ts";
import { maxDeadlineMs, maxMessageBytes, maxStreamMs } from "./rpc/service.ts";
import { createEvents, createFaultLog } from "./telemetry/events.ts";
import type { Logger } from "./telemetry/log.ts";
import { reportLoss } from "./telemetry/store-loss.ts";
import { publicKeys } from "./tokens/public-keys.ts";
import { createProofReader } from "./tokens/read-proof.ts";
import { createProofSigner } from "./tokens/sign-proof.ts";

export type App = {
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin?: string };
  /** Not ready, accepts no more, finishes what is in flight, closes the store. */
  close(): Promise<void>;
};

/** Somewhat longer than the longest deadline: whoever is in flight when the process is asked to stop gets its answer. */
const graceMs = maxDeadlineMs + 2_000;

const playgroundFolder = new URL("../web/dist/", import.meta.url);

/** Chooses and constructs everything; rejects, with nothing left open, when a part cannot start. The store may be opening already. */
export async function startApp(config: Config, logger: Logger, opening?: Opening): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const store = reportLoss(await (opening ?? (await openStore(config))).opened, logger);
  parts.defer(() => store.close());
  const now = (): number => Date.now();
  const inbox = createInbox({ now });
  const random = createRandom();
  const events = createEvents(logger);
  const carriers = await openCarriers(config, {
    inbox: inbox.provider,
    random,
    now,
    onCircuitChange: events.circuitChanged,
    isSettled: async ({ ref, deliveryId }) => isSettled(await store.read(ref), deliveryId),
  });
  parts.defer(() => carriers.close());
  const { proofs } = config;
  const log = createFaultLog(logger);
  const keyring = createKeyring(config.secrets, random);
  const ledgers = withDecoys(store, keyring);
  const watches = createWatches(ledgers);
  const onFault = (cause: unknown): void => log({ errorId: "", rpc: "guard", cause });
  const guard = await openGuard(config, { store, keyring, random, now, events, logger, onFault, gatherMs: 100 }, parts);
  const deps: AuthenticatorDeps & OtpDeps & ReceiptDeps & RedeemDeps & WatchDeps = {
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
  const fallbacks = createFallbackRunner(deps, {
    applications: config.applications,
    now,
    onFault: (cause) => log({ errorId: "", rpc: "fallback", cause }),
  });
  parts.defer(() => fallbacks.close());
  const authenticate = createAuthentication(config);
  const redeem: RedeemProof = (request, call) => redeemProof(deps, request, call);
  const findAddress = createFindClientAddress(config.trustedProxies);
  const services = [
    createCodeService(createUseCases(deps), authenticate, findAddress),
    createProofService(redeem, authenticate),
    createAuthenticatorService(createAuthenticatorUseCases(deps), authenticate),
  ];
  const admin = createAdminService(createAdminUseCases(deps, { ...guard.places, traffic: store, events }), authenticate);
  const { grpc, http } = config.listen;
  const grpcListener = await listenGrpc({ ...grpc, setting: "listen.grpc (COUNTERSIGN_GRPC_ADDR)", services, log });
  parts.defer(() => grpcListener.close(graceMs));
  const adminListener =
    config.listen.admin && (await listenGrpc({ ...config.listen.admin, setting: "listen.admin", services: [admin], log }));
  if (adminListener) parts.defer(() => adminListener.close(graceMs));
  let serving = true;
  const httpListener = await listenHttp({
    ...http,
    setting: "listen.http (COUNTERSIGN_HTTP_ADDR)",
    rpc: createConnectHandler({ services, log, maxMessageBytes, maxDeadlineMs, maxStreamMs }),
    routes: {
      isReady: async () => serving && (await answers(store)),
      ...(config.mode === "development" && {
        listInbox: inbox.list,
        answerPlayground: createPlayground({ folder: playgroundFolder, grpc: addressOf(grpcListener.address), listInbox: inbox.list }),
      }),
      ...(config.receipts && {
        answerReceipt: createReceiptRoute({
          publicUrl: config.receipts.publicUrl,
          methodsOf: (provider) => deps.receiptReaders.get(provider)?.methods,
          take: (provider, call) => recordReceipt(deps, provider, call),
        }),
      }),
      ...(guard.createChallenge && { answerCaptcha: createCaptchaRoute(guard.createChallenge, limitChallenges(findAddress)) }),
      ...(proofs && { answerJwks: createJwksRoute(publicKeys(proofs.keys)) }),
    },
    origins: [...config.cors.origins, ...config.keys.flatMap(({ origins = [] }) => origins)],
    onError: (cause) => log({ errorId: "", rpc: "http", cause }),
  });
  adminListener?.setServing(true);
  grpcListener.setServing(true);
  const started = parts.move();
  return {
    addresses: {
      grpc: addressOf(grpcListener.address),
      http: addressOf(httpListener.address),
      ...(adminListener && { admin: addressOf(adminListener.address) }),
    },
    async close() {
      serving = false;
      watches.close();
      // Both at once, since the grace is for both; the disposal then finds the gRPC listener closed.
      await Promise.all([grpcListener.close(graceMs), httpListener.close(graceMs)]);
      await started.disposeAsync();
    },
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

const answers = (ledgers: LedgerStore): Promise<boolean> =>
  ledgers.ping().then(
    () => true,
    () => false,
  );

const addressOf = ({ address, family, port }: { address: string; family: string; port: number }): string =>
  family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
