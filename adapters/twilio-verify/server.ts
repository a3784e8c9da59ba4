import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../../src/telemetry/log.ts";
import { type Answer, failure, internalError, unavailable } from "./answer.ts";
import type { ServiceDeps } from "./call.ts";
import { answerRequest } from "./routes.ts";
import type { Settings } from "./settings.ts";

type Options = Settings & { readonly service: ServiceDeps; readonly logger: Logger };
export type Listener = { readonly address: string; close(): Promise<void> };

const maxBodyBytes = 16_384;
const graceMs = 15_000;

export async function listen(options: Options): Promise<Listener> {
  const timeouts = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 1_000 };
  const server = createServer({ ...timeouts, maxHeaderSize: 16_384, noDelay: true }, (request, response) => {
    void serve(request, response, { ...options, baseUrl: options.publicUrl ?? `http://${address}` });
  });
  server.maxConnections = 10_000;
  server.timeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const address = `${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`;
  return {
    address,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const end = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(end);
    },
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, options: Options & { readonly baseUrl: string }): Promise<void> {
  const started = performance.now();
  let answer: Answer;
  try {
    const form = await readForm(request);
    answer = form instanceof URLSearchParams ? await answerRequest(request, form, options) : form;
  } catch (error) {
    if (response.destroyed) return;
    options.logger.error({ event: "failed", err: error });
    answer = isStoreAway(error) ? unavailable("ADAPTER_STORE_UNAVAILABLE") : internalError("INTERNAL");
  }
  const { status, body, headers, cause } = answer;
  const line = { event: "answered", method: request.method, status, ...("code" in body && { twilioCode: body.code }), cause };
  options.logger[status < 500 ? "info" : "warn"]({ ...line, ms: Math.round(performance.now() - started) });
  if (response.destroyed) return;
  const fixed = { "content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff" };
  response.writeHead(status, { ...fixed, ...headers }).end(JSON.stringify(body));
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | Answer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= maxBodyBytes) chunks.push(chunk);
    else
      return {
        ...failure({ status: 413, code: 20422, message: `The request is larger than ${maxBodyBytes} bytes` }),
        headers: { connection: "close" },
      };
  }
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (bytes > 0 && type !== "application/x-www-form-urlencoded")
    return failure({ status: 415, code: 20422, message: "The body must be application/x-www-form-urlencoded" });
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const twice = [...new Set(form.keys())].find((name) => form.getAll(name).length > 1);
  return twice === undefined ? form : failure({ status: 400, code: 60200, message: `Invalid parameter \`${twice}\`: it is given twice` });
}

/** The adapter's own store, by what its drivers throw. */
const isStoreAway = (error: unknown): boolean =>
  error instanceof Error && (error.name.startsWith("Mongo") || ("code" in error && error.code === "ERR_SQLITE_ERROR"));
