import http from "node:http";
import https from "node:https";

/** Connections idle for 5 s are dropped: one the server has dropped meanwhile would take a message to an unknown fate. */
export function createVendorAgent(baseUrl: string | undefined): http.Agent {
  const options = { keepAlive: true, maxSockets: 64, timeout: 5_000 };
  return baseUrl?.startsWith("http:") ? new http.Agent(options) : new https.Agent(options);
}
