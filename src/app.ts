import { layFoundation } from "./assemble/foundation.ts";
import { createLiveInside } from "./assemble/live-inside.ts";
import { openInside } from "./assemble/open-inside.ts";
import type { Opening } from "./assemble/open-store.ts";
import type { Config } from "./config/config.ts";
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

export type App = {
  readonly addresses: { readonly grpc: string; readonly http: string; readonly admin?: string };
  /** Serves by another configuration from the next call on. Rejects, and goes on as before, when a part of it cannot start. */
  reload(config: Config): Promise<void>;
  /** Not ready, accepts no more, finishes what is in flight, closes the store. */
  close(): Promise<void>;
};

/** Somewhat longer than the longest deadline: whoever is in flight when the process is asked to stop gets its answer. */
const graceMs = maxDeadlineMs + 2_000;

const playgroundFolder = new URL("../web/dist/", import.meta.url);

/** Chooses and constructs everything; rejects, with nothing left open, when a part cannot start. The store may be opening already. */
export async function startApp(config: Config, logger: Logger, opening?: Opening): Promise<App> {
  await using parts = new AsyncDisposableStack();
  const foundation = await layFoundation(config, { logger, now: () => Date.now(), opening });
  const { store, watches, inbox, log } = foundation;
  parts.defer(() => store.close());
  const inside = createLiveInside(await openInside(config, foundation));
  parts.defer(() => inside.close());
  const { authenticate } = inside;
  const services = [
    createCodeService(inside.codes, authenticate, inside.findAddress),
    createProofService(inside.proofs.redeemProof, authenticate),
    createAuthenticatorService(inside.authenticators, authenticate),
  ];
  const admin = createAdminService(inside.admin, authenticate);
  const { grpc, http } = config.listen;
  const grpcListener = await listenGrpc({ ...grpc, setting: "listen.grpc (COUNTERSIGN_GRPC_ADDR)", services, log });
  parts.defer(() => grpcListener.close(graceMs));
  const adminListener =
    config.listen.admin && (await listenGrpc({ ...config.listen.admin, setting: "listen.admin", services: [admin], log }));
  if (adminListener) parts.defer(() => adminListener.close(graceMs));
  let serving = true;
  const routes = {
    isReady: async () => serving && (await answers(store)),
    ...(config.mode === "development" && {
      listInbox: inbox.list,
      answerPlayground: createPlayground({ folder: playgroundFolder, grpc: addressOf(grpcListener.address), listInbox: inbox.list }),
    }),
  };
  const httpListener = await listenHttp({
    ...http,
    setting: "listen.http (COUNTERSIGN_HTTP_ADDR)",
    rpc: createConnectHandler({ services, log, maxMessageBytes, maxDeadlineMs, maxStreamMs }),
    routes: () => ({ ...routes, ...inside.current().routes }),
    origins: () => inside.current().origins,
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
    async reload(next) {
      inside.replace(await openInside(next, foundation), graceMs);
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

const answers = (ledgers: LedgerStore): Promise<boolean> =>
  ledgers.ping().then(
    () => true,
    () => false,
  );

const addressOf = ({ address, family, port }: { address: string; family: string; port: number }): string =>
  family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
