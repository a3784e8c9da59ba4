// Lets a transfer through only with a proof of a code for payments:
//   npm pack ../../../verify && npm install && node express-guard.ts PORT JWKS_URL ISSUER AUDIENCE
import { createProofVerifier } from "countersign-verify";
import { proofOf, requireProof } from "countersign-verify/express";
import express from "express";

const [port, jwksUrl = "", issuer = "", audience = ""] = process.argv.slice(2);
const verify = createProofVerifier({ jwksUrl, issuer, audience });
const app = express();

// Where the code was bound to an amount: demand: (request) => ({ purpose: "payment", binding: { amount: request.body.amount } })
app.post("/transfer", requireProof({ verify, demand: { purpose: "payment" } }), (request, response) => {
  response.json({ transferredFor: proofOf(request)?.sub });
});
app.listen(Number(port), "127.0.0.1");
