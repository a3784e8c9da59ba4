import type { Environment } from "../config/environment.ts";
import { type CommandIo, configOption, UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";

const group = "Run the service";
const fails = "The service could not start.";

export const dev = defineCommand({
  name: "dev",
  group,
  summary: "Serve for development: no key, no file, nothing is sent.",
  details:
    "On loopback addresses; every message lands in the inbox, http://127.0.0.1:8080/dev/inbox. Whatever COUNTERSIGN_CONFIG names is not read. Without --store, everything is forgotten at the end.",
  options: {
    "grpc-port": { value: "PORT", range: [0, 65_535], about: "gRPC, instead of COUNTERSIGN_GRPC_ADDR or 50051; 0 for a free one." },
    "http-port": { value: "PORT", range: [0, 65_535], about: "The rest, instead of COUNTERSIGN_HTTP_ADDR or 8080; 0 for a free one." },
    store: { value: "URL", about: "Such as sqlite:dev.db, instead of COUNTERSIGN_STORE_URL." },
  },
  fails,
  examples: ["dev", "dev --http-port 8081 --grpc-port 50052", "dev --store sqlite:dev.db"],
  run({ options: { "grpc-port": grpc, "http-port": http, store } }, io) {
    const { COUNTERSIGN_CONFIG: _, ...env } = io.env;
    return serveWith(io, {
      ...env,
      ...(grpc !== undefined && { COUNTERSIGN_GRPC_ADDR: loopback(grpc) }),
      ...(http !== undefined && { COUNTERSIGN_HTTP_ADDR: loopback(http) }),
      ...(store !== undefined && { COUNTERSIGN_STORE_URL: store }),
    });
  },
});

export const serve = defineCommand({
  name: "serve",
  group,
  summary: "Serve with a configuration.",
  details: "Refuses to start without one, or with anything unsafe in it. Ends in order at SIGTERM or Ctrl-C; at the second one, at once.",
  options: { config: configOption },
  fails,
  examples: ["serve --config countersign.yaml"],
  run(_given, io) {
    if (!io.env.COUNTERSIGN_CONFIG)
      throw new UsageError("Name a configuration: --config FILE, or in COUNTERSIGN_CONFIG. `countersign dev` serves without one.");
    return serveWith(io, io.env);
  },
});

function serveWith({ serve: run }: CommandIo, env: Environment): Promise<number> {
  if (!run) throw new Error("nothing can be served from here");
  return run(env);
}

const loopback = (port: string): string => `127.0.0.1:${Number(port)}`;
