import { createServer } from "node:http";
import { Code, ConnectError, type ConnectRouter, createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CodeService } from "../../src/gen/countersign/v1/code_service_pb.js";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { createConnectInterceptor, proofKey } from "../../verify/connect-interceptor.ts";
import { createGrpcJsInterceptor, type GrpcRequest, proofOf } from "../../verify/grpc-js-interceptor.ts";
import type { ProofVerifier } from "../../verify/verify-proof.ts";
import { type Keys, listenTo, newVerifier, payment, publishKeys, sign, wrongProofs } from "./kit.ts";

type Guarded = { readonly name: string; readonly serve: (verify: ProofVerifier) => Promise<(token?: string) => Promise<string>> };

let keys: Keys;
const closing: (() => void)[] = [];
beforeAll(async () => {
  keys = await publishKeys();
});
afterAll(() => {
  keys.close();
  for (const close of closing) close();
});

const headersWith = (token?: string) => ({ headers: new Headers(token ? { "countersign-proof": token } : {}) });

/** The guarded method is GetChallenge, whose handler answers with who was proved; CancelChallenge demands nothing. */
const connect: Guarded = {
  name: "Connect",
  async serve(verify) {
    const demand = ({ method }: { method: { name: string } }) => (method.name === "CancelChallenge" ? undefined : payment);
    const routes = (router: ConnectRouter) =>
      router.service(CodeService, {
        getChallenge: (_, { values }) => ({ challenge: { challengeId: values.get(proofKey)?.sub ?? "nobody" } }),
        cancelChallenge: () => ({}),
      });
    const server = createServer(connectNodeAdapter({ routes, interceptors: [createConnectInterceptor({ verify, demand })] }));
    closing.push(() => server.close());
    const client = createClient(CodeService, createConnectTransport({ baseUrl: await listenTo(server), httpVersion: "1.1" }));
    await client.cancelChallenge({});
    return async (token) => (await client.getChallenge({}, headersWith(token))).challenge?.challengeId ?? "";
  },
};

const grpcJs: Guarded = {
  name: "grpc-js",
  async serve(verify) {
    const demand = ({ path }: GrpcRequest) => (path.endsWith("/CancelChallenge") ? undefined : payment);
    const server = new grpc.Server({ interceptors: [createGrpcJsInterceptor({ grpc, verify, demand })] });
    const bytes = (value: Buffer) => value;
    const method = (name: string) => ({
      path: `/countersign.v1.CodeService/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    });
    server.addService(
      { GetChallenge: method("GetChallenge"), CancelChallenge: method("CancelChallenge") },
      {
        GetChallenge: ({ metadata }: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
          const subject = Buffer.from(proofOf(metadata)?.sub ?? "nobody");
          // GetChallengeResponse { challenge { challenge_id } }
          answer(null, Buffer.concat([Buffer.of(10, subject.length + 2, 10, subject.length), subject]));
        },
        CancelChallenge: (_: unknown, answer: grpc.sendUnaryData<Buffer>) => answer(null, Buffer.alloc(0)),
      },
    );
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    closing.push(() => server.forceShutdown());
    const client = createClient(CodeService, createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}` }));
    await client.cancelChallenge({});
    return async (token) => (await client.getChallenge({}, headersWith(token))).challenge?.challengeId ?? "";
  },
};

describe.each([connect, grpcJs])("the interceptor of $name", ({ serve }) => {
  test("lets right proofs through, with the claims for the handler", async () => {
    const ask = await serve(newVerifier(keys.url));
    expect(await ask(await sign())).toBe("pseudonym");
  });

  test("refuses every other call as UNAUTHENTICATED, with the reason and the purpose in an ErrorInfo", async () => {
    const ask = await serve(newVerifier(keys.url));
    for (const { token, reason } of await wrongProofs()) {
      const error = ConnectError.from(await ask(token).catch((cause) => cause));
      expect(error.code).toBe(Code.Unauthenticated);
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason, domain: "countersign-proof", metadata: { purpose: "payment" } }]);
    }
  });

  test("refuses every call as UNAVAILABLE while there are no keys", async () => {
    const ask = await serve(newVerifier("http://127.0.0.1:1/"));
    expect(ConnectError.from(await ask(await sign()).catch((cause) => cause)).code).toBe(Code.Unavailable);
  });

  test("refuses the call where what is demanded cannot be told, and keeps the cause to itself", async () => {
    const failing: ProofVerifier = () => Promise.reject(new Error("secret"));
    const error = ConnectError.from(await (await serve(failing))(await sign()).catch((cause) => cause));
    expect([Code.Internal, Code.Unknown]).toContain(error.code);
    expect(error.rawMessage).not.toContain("secret");
  });
});
