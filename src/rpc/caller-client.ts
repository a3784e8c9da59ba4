import type { Call, ClientContext } from "../otp/types.ts";
import { createFindClientAddress, type FindClientAddress } from "./client-address.ts";
import type { Incoming } from "./service.ts";

/** Believes no header. */
export const connectionOnly: FindClientAddress = createFindClientAddress({ networks: [], header: "x-forwarded-for" });

const maxUserAgent = 512;

/** Who calls, as the connection tells. */
export function readClient(incoming: Pick<Incoming, "header" | "peer">, findAddress: FindClientAddress): ClientContext {
  const origin = incoming.header("origin");
  return {
    ipAddress: findAddress(incoming.peer(), incoming.header),
    deviceId: "",
    userAgent: incoming.header("user-agent")?.slice(0, maxUserAgent) ?? "",
    ...(origin !== undefined && { origin }),
  };
}

const nobody: ClientContext = { ipAddress: "", deviceId: "", userAgent: "" };

/** Whom a send is for: a service says it, of a browser we see it. What a browser states of itself, anybody could state. */
export const clientOf = (stated: ClientContext, { caller, client }: Pick<Call, "caller" | "client">): ClientContext =>
  caller.kind === "service" ? stated : (client?.() ?? nobody);
