import { createEmailRoute } from "./channels/email.ts";
import { countryOf } from "./channels/phone-number.ts";
import { parseRecipient } from "./channels/recipient.ts";
import { createSmsRoute } from "./channels/sms.ts";
import { createVoiceRoute } from "./channels/voice.ts";
import { createWhatsappRoute } from "./channels/whatsapp.ts";
import type { Config } from "./config/config.ts";
import { createJwksRoute } from "./http/jwks.ts";
import { listenHttp } from "./http/listen-http.ts";
import { cancelChallenge } from "./otp/cancel-challenge.ts";
import type { OtpDeps } from "./otp/deps.ts";
import { getChallenge } from "./otp/get-challenge.ts";
import { createKeyring } from "./otp/keyring.ts";
import type { ChannelRoute, LedgerStore, RedemptionStore } from "./otp/ports.ts";
import { createRandom } from "./otp/random.ts";
import { type RedeemDeps, redeemProof } from "./otp/redeem-proof.ts";
import { StoreUnavailable } from "./otp/refusal.ts";
import { resendCode } from "./otp/resend-code.ts";
import { sendCode } from "./otp/send-code.ts";
import { createStretch } from "./otp/stretch.ts";
import { tellChanges } from "./otp/tell-changes.ts";
import type { Application, Channel } from "./otp/types.ts";
import { verifyCode } from "./otp/verify-code.ts";
import { type WatchDeps, watchChallenge } from "./otp/watch-challenge.ts";
import { createWatches } from "./otp/watches.ts";
import type { CarriersDeps } from "./providers/create-carriers.ts";
import { createInbox } from "./providers/inbox.ts";
import { type Authenticate, createAuthenticate, createOpenAuthenticate } from "./rpc/auth.ts";
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
  readonly addresses: { readonly grpc: string; readonly http: string };
  /** Not ready, accepts no more, finishes what is in flight, closes the store. */
  close(): Promise<void>;
};

/** Somewhat longer than the longest deadline: whoever is in flight when the process is asked to stop gets its answer. */
const graceMs = maxDeadlineMs + 2_000;

/** Chooses and constructs everything; rejects, with nothing left open, when a part cannot start. */
export async function startApp(config: Config, logger: Logger): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const store = reportLoss(await openStore(config), logger);
  parts.defer(() => store.close());
  const inbox = createInbox({ now: () => Date.now() });
  const random = createRandom();
  const events = createEvents(logger);
  const routes = await createRoutes(config, { inbox: inbox.provider, random, onCircuitChange: events.circuitChanged }, parts);
  const { proofs } = config;
  const watches = createWatches(store);
  const deps: OtpDeps & RedeemDeps & WatchDeps = {
    ledgers: tellChanges(store, watches.changed),
    watches,
    redemptions: store,
    keyring: createKeyring(config.secrets, random),
    stretch: createStretch(),
    random,
    parseRecipient,
    routes,
    events,
    signer: proofs && createProofSigner(proofs, proofs.keys),
    reader: proofs && createProofReader(proofs, proofs.keys),
    maxDeadlineMs,
  };
  const authenticate = createAuthentication(config);
  const redeem: RedeemProof = (request, call) => redeemProof(deps, request, call);
  const services = [createCodeService(createUseCases(deps), authenticate), createProofService(redeem, authenticate)];
  const log = createFaultLog(logger);
  const { grpc, http } = config.listen;
  const grpcListener = await listenGrpc({ ...grpc, setting: "listen.grpc (COUNTERSIGN_GRPC_ADDR)", services, log });
  parts.defer(() => grpcListener.close(graceMs));
  let serving = true;
  const httpListener = await listenHttp({
    ...http,
    setting: "listen.http (COUNTERSIGN_HTTP_ADDR)",
    rpc: createConnectHandler({ services, log, maxMessageBytes, maxDeadlineMs, maxStreamMs }),
    routes: {
      isReady: async () => serving && (await answers(store)),
      ...(config.mode === "development" && { listInbox: inbox.list }),
      ...(proofs && { answerJwks: createJwksRoute(publicKeys(proofs.keys)) }),
    },
    origins: config.cors.origins,
    onError: (cause) => log({ errorId: "", rpc: "http", cause }),
  });
  grpcListener.setServing(true);
  const started = parts.move();
  return {
    addresses: { grpc: addressOf(grpcListener.address), http: addressOf(httpListener.address) },
    async close() {
      serving = false;
      watches.close();
      // Both at once, since the grace is for both; the disposal then finds the gRPC listener closed.
      await Promise.all([grpcListener.close(graceMs), httpListener.close(graceMs)]);
      await started.disposeAsync();
    },
  };
}

async function openStore(config: Config): Promise<LedgerStore & RedemptionStore> {
  try {
    return await loadStore(config);
  } catch (cause) {
    throw new Error(`store.url (COUNTERSIGN_STORE_URL): ${whyNotOpened(cause)}`, { cause });
  }
}

/** The driver that is not used is not loaded: the embedded store starts in a fraction of the time. */
async function loadStore({ store }: Config): Promise<LedgerStore & RedemptionStore> {
  if (store.kind === "sqlite") return (await import("./store/sqlite.ts")).openSqliteStore({ path: store.path });
  return (await import("./store/mongo.ts")).openMongoStore({ url: store.url });
}

/** In one line. Drivers name the host that does not answer, and never the URL with its password. */
function whyNotOpened(cause: unknown): string {
  const { message } = cause instanceof Error ? cause : new Error(String(cause));
  const because = cause instanceof StoreUnavailable && cause.cause instanceof Error ? `: ${cause.cause.message}` : "";
  return `${message}${because}`.replace(/\s+/g, " ");
}

async function createRoutes(config: Config, deps: Omit<CarriersDeps, "countryOf" | "now">, parts: AsyncDisposableStack) {
  const { createCarriers } = await import("./providers/create-carriers.ts");
  const carriers = await createCarriers(config, { ...deps, now: () => Date.now(), countryOf });
  parts.defer(() => carriers.close());
  const create = { sms: createSmsRoute, voice: createVoiceRoute, email: createEmailRoute, whatsapp: createWhatsappRoute };
  const routes = Object.entries(create).flatMap(([channel, createRoute]) => {
    const carrier = carriers.byChannel.get(channel as keyof typeof create);
    return carrier ? [createRoute(carrier)] : [];
  });
  return new Map<Channel, ChannelRoute>(routes.map((route) => [route.channel, route]));
}

const createUseCases = (deps: OtpDeps & WatchDeps): UseCases => ({
  sendCode: (request, call) => sendCode(deps, request, call),
  resendCode: (request, call) => resendCode(deps, request, call),
  verifyCode: (request, call) => verifyCode(deps, request, call),
  cancelChallenge: (request, call) => cancelChallenge(deps, request, call),
  getChallenge: (request, call) => getChallenge(deps, request, call),
  watchChallenge: (request, call) => watchChallenge(deps, request, call),
});

/** Without any key, whoever reaches the loopback addresses is the one application: configuration allows no other addresses then. */
function createAuthentication({ applications, keys }: Config): Authenticate {
  const byId = new Map(applications.map((application) => [application.id, application]));
  const callerOf = (applicationId: string, kind: "service" | "browser") => ({ application: byId.get(applicationId) as Application, kind });
  const [only] = applications;
  if (keys.length === 0 && only) return createOpenAuthenticate(callerOf(only.id, "service"));
  return createAuthenticate(keys.map(({ hash, applicationId, kind }) => ({ hash, caller: callerOf(applicationId, kind) })));
}

const answers = (ledgers: LedgerStore): Promise<boolean> =>
  ledgers.ping().then(
    () => true,
    () => false,
  );

const addressOf = ({ address, family, port }: { address: string; family: string; port: number }): string =>
  family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
