import { randomInt } from "node:crypto";
import { parseRecipient } from "../../src/channels/recipient.ts";
import type { HttpLimits } from "../../src/http/listen-http.ts";
import { listenHttp } from "../../src/http/listen-http.ts";
import { cancelChallenge } from "../../src/otp/cancel-challenge.ts";
import { getChallenge } from "../../src/otp/get-challenge.ts";
import { resendCode } from "../../src/otp/resend-code.ts";
import { sendCode } from "../../src/otp/send-code.ts";
import { tellChanges } from "../../src/otp/tell-changes.ts";
import { rights } from "../../src/otp/types.ts";
import { verifyCode } from "../../src/otp/verify-code.ts";
import { watchChallenge } from "../../src/otp/watch-challenge.ts";
import { createWatches, type Watches } from "../../src/otp/watches.ts";
import type { Authenticate } from "../../src/rpc/auth.ts";
import { createAuthenticate, hashKey } from "../../src/rpc/auth.ts";
import type { FindClientAddress } from "../../src/rpc/client-address.ts";
import { createConnectHandler } from "../../src/rpc/connect-handler.ts";
import type { ConnectionGate } from "../../src/rpc/connection-gate.ts";
import type { UseCases } from "../../src/rpc/handlers.ts";
import { createCodeService } from "../../src/rpc/handlers.ts";
import type { GrpcLimits } from "../../src/rpc/listen-grpc.ts";
import { listenGrpc } from "../../src/rpc/listen-grpc.ts";
import type { ObserveCall } from "../../src/rpc/observe-call.ts";
import { maxDeadlineMs, maxMessageBytes, maxStreamMs } from "../../src/rpc/service.ts";
import { createListenerTls, type Tls } from "../../src/rpc/tls.ts";
import { application, createFixture } from "../otp/fixture.ts";
import type { World } from "./cases.ts";

export const key = "cs_test-key";

type Options = {
  readonly useCases: UseCases;
  readonly authenticate?: Authenticate;
  readonly findAddress?: FindClientAddress;
  readonly grpc?: Partial<GrpcLimits>;
  readonly http?: Partial<HttpLimits>;
  readonly origins?: readonly string[];
  /** One for each listener. */
  readonly newGate?: () => ConnectionGate;
  readonly isOverloaded?: () => boolean;
  readonly tls?: Tls;
  readonly observeCall?: ObserveCall;
};

/** Both listeners on free ports, with one set of handlers behind them. */
export async function startWires({
  useCases,
  authenticate,
  findAddress,
  grpc,
  http,
  origins = [],
  newGate,
  isOverloaded,
  tls,
  observeCall,
}: Options) {
  const failures: { errorId: string; rpc: string; cause: unknown }[] = [];
  const log = (failure: (typeof failures)[number]) => void failures.push(failure);
  const known = createAuthenticate([{ hash: hashKey(key), caller: { application, kind: "service", rights, keyId: "" } }]);
  const services = [createCodeService(useCases, authenticate ?? known, findAddress)];
  const local = { host: "127.0.0.1", port: 0 };
  const doors = { gate: newGate?.(), isOverloaded, observeCall };
  const grpcListener = await listenGrpc({
    ...local,
    setting: "COUNTERSIGN_GRPC_ADDR",
    services,
    log,
    limits: grpc,
    ...doors,
    tls: tls && createListenerTls(tls, "h2"),
  });
  grpcListener.setServing(true);
  const bounds = {
    maxMessageBytes: grpc?.maxMessageBytes ?? maxMessageBytes,
    maxDeadlineMs: grpc?.maxDeadlineMs ?? maxDeadlineMs,
    maxStreamMs: grpc?.maxStreamMs ?? maxStreamMs,
  };
  const httpListener = await listenHttp({
    ...local,
    setting: "COUNTERSIGN_HTTP_ADDR",
    rpc: createConnectHandler({ services, log, isOverloaded, observeCall, ...bounds }),
    routes: () => ({ isReady: () => true }),
    origins: () => new Set(origins),
    onError: (cause) => log({ errorId: "", rpc: "http", cause }),
    limits: http,
    gate: newGate?.(),
    tls: tls && createListenerTls(tls, "http/1.1"),
  });
  return {
    failures,
    grpcListener,
    httpListener,
    addresses: { grpc: `127.0.0.1:${grpcListener.address.port}`, http: `127.0.0.1:${httpListener.address.port}` },
    close: () => Promise.all([grpcListener.close(200), httpListener.close(200)]),
  };
}

/** The rules themselves, over a store in memory. */
export function createWorld(): { useCases: UseCases; world: World; watches: Watches } {
  const fixture = createFixture();
  const watches = createWatches(fixture.deps.ledgers);
  const deps = { ...fixture.deps, parseRecipient, watches, ledgers: tellChanges(fixture.deps.ledgers, watches.changed) };
  return {
    useCases: {
      sendCode: (request, call) => sendCode(deps, request, call),
      resendCode: (request, call) => resendCode(deps, request, call),
      verifyCode: (request, call) => verifyCode(deps, request, call),
      cancelChallenge: (request, call) => cancelChallenge(deps, request, call),
      getChallenge: (request, call) => getChallenge(deps, request, call),
      watchChallenge: (request, call) => watchChallenge(deps, request, call),
    },
    watches,
    world: {
      newPhoneNumber: () => `+491511${randomInt(1_000_000, 9_999_999)}`,
      codeSentTo: async (to) => fixture.sent.findLast((message) => message.to === to)?.code ?? "",
    },
  };
}

const never = () => new Promise<never>(() => undefined);

async function* silence(): AsyncGenerator<never> {
  yield await never();
}

/** Use cases of which each test says what they do. */
export const useCasesThat = (some: Partial<UseCases>): UseCases => ({
  sendCode: never,
  resendCode: never,
  verifyCode: never,
  cancelChallenge: never,
  getChallenge: never,
  watchChallenge: silence,
  ...some,
});
