import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { proofOf, requireProof } from "../../verify/express.ts";
import { type FastifyReply, requireProof as fastifyHook } from "../../verify/fastify.ts";
import type { HttpRequest } from "../../verify/http-refusal.ts";
import { type Keys, listenTo, newVerifier, payment, publishKeys, sign, wrongProofs } from "./kit.ts";

type Answer = { readonly status: number; readonly body: Record<string, string>; readonly headers: Headers };

let keys: Keys;
const servers: Server[] = [];
beforeAll(async () => {
  keys = await publishKeys();
});
afterAll(() => {
  keys.close();
  for (const server of servers) server.close();
});

async function serve(server: Server): Promise<(headers: Record<string, string>, path?: string) => Promise<Answer>> {
  servers.push(server);
  const url = await listenTo(server);
  return async (headers, path = "/transfer") => {
    const response = await fetch(url + path, { method: "POST", headers });
    return { status: response.status, headers: response.headers, body: JSON.parse((await response.text()) || "{}") };
  };
}

test("the middleware guards a node:http server, with the claims for the handler", async () => {
  const guard = requireProof({ verify: newVerifier(keys.url), demand: payment });
  const ask = await serve(
    createServer((request, response) => guard(request, response, () => response.end(JSON.stringify({ subject: proofOf(request)?.sub })))),
  );
  expect(await ask({ "countersign-proof": await sign() })).toMatchObject({ status: 200, body: { subject: "pseudonym" } });
  for (const { token, reason } of await wrongProofs()) {
    const { status, body, headers } = await ask(token ? { "countersign-proof": token } : {});
    expect({ status, body }).toEqual({ status: 401, body: { reason, message: expect.any(String), purpose: "payment" } });
    expect(headers.get("www-authenticate")).toBe(`Countersign purpose="payment", error="${reason}"`);
  }
});

test("two proofs in one request are none", async () => {
  const guard = requireProof({ verify: newVerifier(keys.url), demand: payment });
  const ask = await serve(createServer((request, response) => guard(request, response, () => response.end("{}"))));
  const right = await sign();
  expect(await ask({ "countersign-proof": `${right}, ${right}` })).toMatchObject({ status: 401, body: { reason: "PROOF_INVALID" } });
});

test("what is demanded may depend on the request, and so may the name of the header", async () => {
  const demand = (request: HttpRequest & { url?: string }) => (request.url === "/open" ? undefined : payment);
  const guard = requireProof({ verify: newVerifier(keys.url), demand, header: "X-Proof" });
  const ask = await serve(createServer((request, response) => guard(request, response, () => response.end("{}"))));
  expect((await ask({}, "/open")).status).toBe(200);
  expect((await ask({ "x-proof": await sign() })).status).toBe(200);
  expect((await ask({ "countersign-proof": await sign() })).body.reason).toBe("PROOF_MISSING");
});

test("without keys the middleware hands the error on, and never the request", async () => {
  const guard = requireProof({ verify: newVerifier("http://127.0.0.1:1/"), demand: payment });
  const ask = await serve(
    createServer((request, response) =>
      guard(request, response, (error) => {
        response.statusCode = (error as { status: number } | undefined)?.status ?? 200;
        response.end("{}");
      }),
    ),
  );
  expect((await ask({ "countersign-proof": await sign() })).status).toBe(503);
});

test("the Fastify hook answers by the reply, or returns nothing", async () => {
  const hook = fastifyHook({ verify: newVerifier(keys.url), demand: payment });
  const said: unknown[] = [];
  const note = (value: unknown): FastifyReply => {
    said.push(value);
    return reply;
  };
  const reply: FastifyReply = { code: note, headers: note, send: note };
  const right = { headers: { "countersign-proof": await sign() } };
  expect(await hook(right, reply)).toBeUndefined();
  expect([said, proofOf(right)?.sub]).toEqual([[], "pseudonym"]);
  expect(await hook({ headers: {} }, reply)).toBe(reply);
  expect(said).toEqual([
    401,
    expect.objectContaining({ "www-authenticate": expect.any(String) }),
    expect.objectContaining({ reason: "PROOF_MISSING" }),
  ]);
});
