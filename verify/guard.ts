import type { Demand, ProofClaims, ProofRefusalReason, ProofVerifier } from "./verify-proof.ts";

export type GuardOptions<Request> = {
  readonly verify: ProofVerifier;
  /** What a request must prove; undefined where it must prove nothing. */
  readonly demand: Demand | ((request: Request) => Demand | undefined);
  /** Name of the header, or metadata key, that carries the proof. Default `countersign-proof`. */
  readonly header?: string;
};

export type Refused = { readonly reason: ProofRefusalReason; readonly message: string; readonly purpose: string };

/** In lower case, as node:http and grpc-js have names. */
export const headerOf = ({ header = "countersign-proof" }: { readonly header?: string }): string => header.toLowerCase();

/** Nothing is demanded, or the claims that were proved, or why not. */
export type Judgement = { readonly claims?: ProofClaims; readonly refused?: Refused };

export async function judge<Request>(options: GuardOptions<Request>, request: Request, token: string | undefined): Promise<Judgement> {
  const { verify, demand } = options;
  const demanded = typeof demand === "function" ? demand(request) : demand;
  if (demanded === undefined) return {};
  const verdict = await verify(token, demanded);
  if (verdict.ok) return { claims: verdict.claims };
  return { refused: { reason: verdict.reason, message: verdict.message, purpose: demanded.purpose } };
}

const proved = new WeakMap<object, ProofClaims>();

export function remember(request: object, claims: ProofClaims | undefined): void {
  if (claims) proved.set(request, claims);
}

/** What a request has proved: of an Express or Fastify request, or of the `call.metadata` of grpc-js. */
export const proofOf = (request: object): ProofClaims | undefined => proved.get(request);
