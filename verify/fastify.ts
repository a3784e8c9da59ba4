import { type GuardOptions, headerOf, judge, remember } from "./guard.ts";
import { type HttpRequest, onlyValue, refusalHeaders } from "./http-refusal.ts";

export { proofOf } from "./guard.ts";

export type FastifyReply = {
  code(status: number): FastifyReply;
  headers(values: Record<string, string>): FastifyReply;
  send(body: unknown): FastifyReply;
};

/** For `app.post("/transfer", { preHandler: requireProof({…}) }, handler)`, or `app.addHook("preHandler", …)` for all routes. */
// NoInfer: out of Fastify's own types TypeScript would infer `never`. A `demand` that reads more than headers annotates its request.
export function requireProof<Request extends HttpRequest = HttpRequest>(
  options: GuardOptions<Request>,
): (request: NoInfer<Request>, reply: FastifyReply) => Promise<FastifyReply | undefined> {
  const header = headerOf(options);
  return async (request, reply) => {
    const { claims, refused } = await judge(options, request, onlyValue(request.headers[header]));
    remember(request, claims);
    // Fastify goes on to the handler unless it is given the reply.
    return refused ? reply.code(401).headers(refusalHeaders(refused)).send(refused) : undefined;
  };
}
