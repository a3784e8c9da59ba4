// Lets a transfer through only with a proof of a code for payments:
//   npm pack ../../../verify && npm install && node fastify-guard.ts PORT JWKS_URL ISSUER AUDIENCE
import { createProofVerifier } from "countersign-verify";
import { proofOf, requireProof } from "countersign-verify/fastify";
import fastify from "fastify";

const [port, jwksUrl = "", issuer = "", audience = ""] = process.argv.slice(2);
const verify = createProofVerifier({ jwksUrl, issuer, audience });
const app = fastify();

app.post("/transfer", { preHandler: requireProof({ verify, demand: { purpose: "payment" } }) }, async (request) => ({
  transferredFor: proofOf(request)?.sub,
}));
await app.listen({ port: Number(port), host: "127.0.0.1" });
