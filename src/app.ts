import { layFoundation } from "./assemble/foundation.ts";
import { listenMetrics } from "./assemble/listen-metrics.ts";
import { createLiveInside } from "./assemble/live-inside.ts";
import { loadRest } from "./assemble/load-rest.ts";
import { openBounds } from "./assemble/open-bounds.ts";
import { openInside } from "./assemble/open-inside.ts";
import type { Opening } from "./assemble/open-store.ts";
import { openTls } from "./assemble/open-tls.ts";
import { createReload } from "./assemble/reload-inside.ts";
import type { Config } from "./config/config.ts";
import type { ReloadOutcome } from "./config/reload.ts";
import { listenHttp } from "./http/listen-http.ts";
import { createPlayground } from "./http/playground.ts";
import type { LedgerStore } from "./otp/store-ports.ts";
import { createAdminService } from "./rpc/admin-handlers.ts";
import { createAuthenticatorService } from "./rpc/authenticator-handlers.ts";
import { createConnectHandler } from "./rpc/connect-handler.ts";
import { createCodeService } from "./rpc/handlers.ts";
import { listenGrpc } from "./rpc/listen-grpc.ts";
import { createProofService } from "./rpc/proof-handlers.ts";
import { maxDeadlineMs, maxMessageBytes, maxStreamMs } from "./rpc/service.ts";
import type { Logger } from "./telemetry/log.ts";
import type { MetricObject } from "./telemetry/metrics-together.ts";

export type App = {
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin?: string; readonly metrics?: string };
  /** Serves by another configuration from the next call on. Rejects, and goes on as before, when a part of it cannot start. */
  reload(config: Config): Promise<void>;
  /** To be told what came of a configuration that was read anew. */
  readonly onReload: (outcome: ReloadOutcome) => void;
  /** All that is counted, for whoever adds up several processes. */
  readonly readMetrics: () => Promise<readonly MetricObject[]>;
  /** Not ready, accepts no more, finishes what is in flight, closes the store. */
  close(): Promise<void>;
};

/** Somewhat longer than the longest deadline: whoever is in flight when the process is asked to stop gets its answer. */
const graceMs = maxDeadlineMs + 2_000;

/** By then whoever waits for the start has been told of it. */
const restMs = 10;

const playgroundFolder = new URL("../web/dist/", import.meta.url);

/** Chooses and constructs everything; rejects, with nothing left open, when a part cannot start. The store may be opening already. */
export async function startApp(config: Config, logger: Logger, opening?: Opening): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const foundation = await layFoundation(config, { logger, now: () => Date.now(), opening });
  const { store, watches, inbox, metrics, log, tracing } = foundation;
  parts.defer(() => foundation.close());
  const inside = createLiveInside(await openInside(config, foundation), (cause) => log({ errorId: "", rpc: "reload", cause }));
  parts.defer(() => inside.close());
  const { authenticate } = inside;
  metrics.show(() => inside.current().show());
  const bounds = openBounds(config, metrics);
  const { observeCall } = metrics;
  const services = [
    createCodeService(bounds.guardCodes(inside.codes), authenticate, inside.findAddress),
    createProofService(bounds.guard(inside.proofs).redeemProof, authenticate),
    createAuthenticatorService(bounds.guard(inside.authenticators), authenticate),
  ].map((each) => tracing.service(each));
  const admin = tracing.service(createAdminService(inside.admin, authenticate));
  const { grpc, http } = config.listen;
  const tls = openTls(config);
  const grpcListener = await listenGrpc({
    ...grpc,
    ...bounds.grpc(),
    tls: tls.grpc,
    setting: "listen.grpc (COUNTERSIGN_GRPC_ADDR)",
    services,
    log,
    observeCall,
  });
  parts.defer(() => grpcListener.close(graceMs));
  const adminListener =
    config.listen.admin &&
    (await listenGrpc({
      ...config.listen.admin,
      ...bounds.admin(),
      tls: tls.grpc,
      setting: "listen.admin",
      services: [admin],
      log,
      observeCall,
    }));
  if (adminListener) parts.defer(() => adminListener.close(graceMs));
  let serving = true;
  const isReady = async () => serving && (await answers(store));
  const onError = (cause: unknown): void => log({ errorId: "", rpc: "http", cause });
  const metricsListener = await listenMetrics(config, { ...bounds.metrics(), metrics, isReady, onError });
  parts.defer(async () => metricsListener.listener?.close(graceMs));
  const routes = {
    isReady,
    ...metricsListener.routes,
    ...(config.mode === "development" && {
      listInbox: inbox.list,
      answerPlayground: createPlayground({ folder: playgroundFolder, grpc: addressOf(grpcListener.address), listInbox: inbox.list }),
    }),
  };
  const httpListener = await listenHttp({
    ...http,
    ...bounds.http(),
    tls: tls.http,
    setting: "listen.http (COUNTERSIGN_HTTP_ADDR)",
    rpc: createConnectHandler({
      services,
      log,
      observeCall,
      isOverloaded: bounds.isOverloaded,
      maxMessageBytes,
      maxDeadlineMs,
      maxStreamMs,
    }),
    routes: () => ({ ...routes, ...inside.current().routes }),
    origins: () => inside.current().origins,
    onError,
  });
  adminListener?.setServing(true);
  grpcListener.setServing(true);
  const renewTls = (next: Config): void => tls.renew(next, { grpc: [grpcListener, adminListener], http: [httpListener] });
  const started = parts.move();
  setTimeout(loadRest, restMs).unref();
  return {
    addresses: {
      grpc: addressOf(grpcListener.address),
      http: addressOf(httpListener.address),
      ...(adminListener && { admin: addressOf(adminListener.address) }),
      ...(metricsListener.listener && { metrics: addressOf(metricsListener.listener.address) }),
    },
    reload: createReload(config, { foundation, inside, graceMs, renewTls }),
    onReload: metrics.reloaded,
    readMetrics: () => metrics.registry.getMetricsAsJSON(),
    async close() {
      serving = false;
      watches.close();
      // Both at once, since the grace is for both; the disposal then finds the gRPC listener closed.
      await Promise.all([grpcListener.close(graceMs), httpListener.close(graceMs)]);
      await started.disposeAsync();
    },
  };
}

const answers = (ledgers: LedgerStore): Promise<boolean> =>
  ledgers.ping().then(
    () => true,
    () => false,
  );

const addressOf = ({ address, family, port }: { address: string; family: string; port: number }): string =>
  family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
