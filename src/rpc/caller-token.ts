import { hash } from "node:crypto";
import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import { allowed, type Result, refused, StoreUnavailable } from "../otp/refusal.ts";
import type { Caller } from "../otp/types.ts";
import type { FindTokenKey } from "./token-keys.ts";

export type TokenIssuer = {
  readonly id: string;
  /** The claims iss and aud. */
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  readonly maxLifetimeMs: number;
  readonly clockToleranceMs: number;
  /** For how long a verified token is remembered at most. */
  readonly cacheMs: number;
  readonly findKey: FindTokenKey;
};

/** Whom tokens of an issuer name that have this value in that claim. */
export type TokenCaller = {
  /** Its id. */
  readonly issuer: string;
  readonly claim: string;
  readonly value: string;
  readonly rightsClaim?: string;
  readonly rightsPrefix: string;
  readonly caller: Caller;
};

export type AuthenticateToken = (token: string) => Result<Caller> | Promise<Result<Caller>>;

type Options = { readonly issuers: readonly TokenIssuer[]; readonly callers: readonly TokenCaller[]; readonly now: () => number };

const maxTokenLength = 8_192;
const maxRemembered = 1_000;
const retryAfterMs = 5_000;

const unknownToken = refused("UNAUTHENTICATED", "the token is of no issuer, or signed by no key, that is known here");
const unknownCaller = refused("UNAUTHENTICATED", "the token is of no caller that is known here");
const severalCallers = refused("UNAUTHENTICATED", "the token's claims are of several callers: it must be of one");
const tooLarge = refused("UNAUTHENTICATED", `the token is longer than ${maxTokenLength} characters`);
const keysAway = refused("STORE_UNAVAILABLE", "the keys of the token's issuer cannot be reached; try again later", { retryAfterMs });

/** Who calls, by a JWT (RFC 7519) of an issuer that configuration names. One that was verified is remembered until it expires. */
export function createAuthenticateToken({ issuers, callers, now }: Options): AuthenticateToken {
  const byIssuer = new Map(issuers.map((issuer) => [issuer.issuer, issuer]));
  const remembered = new Map<string, { readonly result: Result<Caller>; readonly untilMs: number }>();
  const verify = async (token: string, name: string): Promise<Result<Caller>> => {
    const issuer = byIssuer.get(issuerIn(token) ?? "");
    if (!issuer) return unknownToken;
    const verified = await verifyToken(token, issuer, now());
    if (!verified.ok) return verified;
    const result = findCaller(callers, issuer.id, verified.value);
    const untilMs = Math.min((verified.value.exp ?? 0) * 1_000 + issuer.clockToleranceMs, now() + issuer.cacheMs);
    if (result.ok) remember(remembered, name, { result, untilMs });
    return result;
  };
  return (token) => {
    if (token.length > maxTokenLength) return tooLarge;
    const name = hash("sha256", token, "base64");
    const known = remembered.get(name);
    if (known && now() < known.untilMs) return known.result;
    return verify(token, name);
  };
}

/** The oldest makes room. Only what was verified gets in, so no stranger can push others out. */
function remember<Value>(remembered: Map<string, Value>, name: string, value: Value): void {
  remembered.delete(name);
  remembered.set(name, value);
  const [oldest] = remembered.keys();
  if (remembered.size > maxRemembered && oldest !== undefined) remembered.delete(oldest);
}

/** Only to know whose keys to look at: the signature stands for it afterwards. */
function issuerIn(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

async function verifyToken(token: string, issuer: TokenIssuer, nowMs: number): Promise<Result<JWTPayload>> {
  try {
    const { payload } = await jwtVerify(token, issuer.findKey, {
      issuer: issuer.issuer,
      audience: issuer.audience,
      algorithms: [...issuer.algorithms],
      clockTolerance: issuer.clockToleranceMs / 1_000,
      currentDate: new Date(nowMs),
      requiredClaims: ["exp", "iat"],
    });
    return checkLifetime(payload, issuer, nowMs);
  } catch (error) {
    if (error instanceof StoreUnavailable) return keysAway;
    if (error instanceof errors.JOSEError) return refused("UNAUTHENTICATED", whyRefused(error));
    throw error;
  }
}

/** A token that lives for years is a password that nobody can take back, however it was signed. */
function checkLifetime(payload: JWTPayload, { maxLifetimeMs, clockToleranceMs }: TokenIssuer, nowMs: number): Result<JWTPayload> {
  const { exp = Number.POSITIVE_INFINITY, iat = Number.NaN } = payload;
  if (iat * 1_000 > nowMs + clockToleranceMs) return refused("UNAUTHENTICATED", "the token's claim iat lies in the future");
  if ((exp - iat) * 1_000 <= maxLifetimeMs) return allowed(payload);
  return refused("UNAUTHENTICATED", `the token is valid for longer than the ${maxLifetimeMs / 1_000} s that are taken here`);
}

/** Names a claim where one is wrong; nothing that the token holds. */
function whyRefused(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) return `the token's claim ${error.claim} is missing or not as it must be`;
  if (error instanceof errors.JOSEAlgNotAllowed) return "the token is signed by an algorithm that is not taken here";
  return unknownToken.ok ? "" : unknownToken.refusal.message;
}

function findCaller(callers: readonly TokenCaller[], issuer: string, payload: JWTPayload): Result<Caller> {
  const [only, another] = callers.filter((each) => each.issuer === issuer && valuesOf(payload, each.claim).includes(each.value));
  if (!only) return unknownCaller;
  if (another) return severalCallers;
  return allowed(only.rightsClaim === undefined ? only.caller : { ...only.caller, rights: rightsOf(only, payload, only.rightsClaim) });
}

/** Of what configuration gives the caller, what the token has too. A scope is one text with spaces in it (RFC 8693, section 4.2). */
function rightsOf({ caller, rightsPrefix }: TokenCaller, payload: JWTPayload, claim: string): Caller["rights"] {
  const granted = new Set(valuesOf(payload, claim).flatMap((value) => value.split(" ")));
  return caller.rights.filter((right) => granted.has(`${rightsPrefix}${right}`));
}

function valuesOf(payload: JWTPayload, claim: string): string[] {
  const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string");
}
