import type { handleServerStreamingCall, Server, ServerWritableStream, UntypedHandleCall } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import type { HealthImplementation } from "grpc-health-check";
import { addLazyService, type Loaded, loadedFrom } from "./lazy-service.ts";

export type Health = {
  /** What `grpc.health.v1.Health` says of the whole and of each service; NOT_SERVING until it is called. */
  setServing(serving: boolean): void;
  /** A watch has no end of its own: it would hold up the end of the process. */
  endWatches(): void;
};

/** How all its paths begin. */
export const healthPaths = "/grpc.health.v1.Health/";
/** The one call that may last: its caller waits for news for as long as the connection lives. */
export const healthWatchPath = "/grpc.health.v1.Health/Watch";

type Watch = ServerWritableStream<unknown, unknown>;

export function addHealth(server: Server, services: readonly string[]): Health {
  const names = ["", ...services];
  let isServing = false;
  let health: HealthImplementation | undefined;
  const watches = new Set<Watch>();
  const remember =
    (handle: UntypedHandleCall | undefined): UntypedHandleCall =>
    (call: Watch) => {
      watches.add(call);
      call.once("cancelled", () => watches.delete(call));
      (handle as handleServerStreamingCall<unknown, unknown>)(call);
    };
  const load = async (): Promise<Loaded> => {
    const library = await import("grpc-health-check");
    health = new library.HealthImplementation(Object.fromEntries(names.map((name) => [name, statusOf(isServing)])));
    const [{ definition, implementation }] = loadedFrom(health) as [Loaded];
    return { definition, implementation: { ...implementation, watch: remember(implementation.watch) } };
  };
  addLazyService(server, { name: "grpc.health.v1.Health", methods: { Check: "unary", List: "unary", Watch: "serverStream" }, load });
  return {
    setServing(serving) {
      isServing = serving;
      for (const name of names) health?.setStatus(name, statusOf(serving));
    },
    endWatches() {
      for (const call of watches) call.emit("error", { code: status.UNAVAILABLE, details: "shutting down" });
      watches.clear();
    },
  };
}

const statusOf = (serving: boolean) => (serving ? "SERVING" : "NOT_SERVING");
