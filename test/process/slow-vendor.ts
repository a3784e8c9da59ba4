import http from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** A Twilio that takes a message and says so only when it is told to. */
export async function startSlowVendor() {
  const held: http.ServerResponse[] = [];
  let arrived = (): void => undefined;
  const server = http.createServer((request, response) => {
    request.resume();
    held.push(response);
    arrived();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves when that many messages are in its hands. */
    async holds(count: number): Promise<void> {
      while (held.length < count) {
        await new Promise<void>((resolve) => {
          arrived = resolve;
        });
      }
    },
    release(): void {
      for (const response of held.splice(0))
        response.writeHead(201, { "content-type": "application/json" }).end('{"sid":"SM0","status":"queued"}');
    },
  };
}
