/** A network between a client and the service that loses the first answer to every send and every right code, after they had their effect. */
import { createServer as createHttp } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { Code, ConnectError, type ConnectRouter, createClient, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport } from "@connectrpc/connect-node";
import { CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { RetryInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";

export type Call = { readonly method: "SendCode" | "VerifyCode"; readonly key: string; readonly at: number; readonly lost: boolean };

export type Gateway = {
  readonly grpc: string;
  readonly http: string;
  /** What was asked, in order. */
  readonly calls: readonly Call[];
  /** From now on every code is right. */
  acceptEverything(): void;
  close(): void;
};

export const retryMs = 300;

type Answer = ReturnType<typeof connectNodeAdapter>;
type Response = Parameters<Answer>[1];

export async function startLossyGateway(service: { readonly http: string }): Promise<Gateway> {
  const calls: Call[] = [];
  let everythingIsRight = false;
  const upstream = createClient(
    CodeService,
    createConnectTransport({ baseUrl: `http://${service.http}`, httpVersion: "1.1", interceptors: [withoutHeaders] }),
  );

  const lose = <T>(method: Call["method"], key: string, code: Code, answer: T): T => {
    const lost = !calls.some((call) => call.key === key);
    calls.push({ method, key, at: performance.now(), lost });
    if (!lost) return answer;
    const retryDelay = { seconds: 0n, nanos: retryMs * 1e6 };
    throw new ConnectError("the answer was lost", code, undefined, [{ desc: RetryInfoSchema, value: { retryDelay } }]);
  };
  const routes = (router: ConnectRouter) =>
    router.service(CodeService, {
      sendCode: async (request) => lose("SendCode", request.idempotencyKey, Code.Unavailable, await upstream.sendCode(request)),
      verifyCode: async (request) =>
        everythingIsRight
          ? { challengeId: request.challengeId }
          : lose("VerifyCode", request.requestId, Code.Aborted, await upstream.verifyCode(request)),
      resendCode: (request) => upstream.resendCode(request),
      watchChallenge: (request) => upstream.watchChallenge(request),
    });
  const fallback = (request: Parameters<Answer>[0], response: Response) => void forward(`http://${service.http}${request.url}`, response);
  const answer = connectNodeAdapter({ routes, fallback });
  const servers: readonly Server[] = [createHttp2(answer), createHttp(answer)];
  const [grpc, http] = await Promise.all(servers.map(listen));
  return {
    grpc: String(grpc),
    http: String(http),
    calls,
    acceptEverything: () => {
      everythingIsRight = true;
    },
    close: () => servers.forEach((server) => void server.close()),
  };
}

/** Those of an error of HTTP/1.1, such as `connection`, are none of HTTP/2. */
const withoutHeaders: Interceptor = (next) => (request) =>
  next(request).catch((cause) => {
    const { rawMessage, code, details } = ConnectError.from(cause);
    throw Object.assign(new ConnectError(rawMessage, code), { details });
  });

async function forward(url: string, response: Response): Promise<void> {
  const answer = await fetch(url);
  const body = await answer.text();
  response.writeHead(answer.status, { "content-type": "application/json" });
  response.write(body);
  response.end();
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
