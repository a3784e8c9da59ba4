import { z } from "zod";
import { isLoopback, parseAddress } from "./address.ts";
import type { ApplicationSettings } from "./application-settings.ts";
import { buildCallerTerms, callerTerms } from "./caller-terms.ts";
import type { CallerToken, TokenIssuer } from "./config.ts";
import { checked, choice, list, text, whole } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

/** Whoever can check a token of these cannot make one. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"] as const;

const urlForm = "the https:// address of the issuer's public keys (JWKS), at most 500 characters; http:// only for a loopback address";
const visible = /^[\x21-\x7e]{1,200}$/;
const issuerId = text("a name of 1 to 40 characters of a-z 0-9 -", /^[a-z0-9-]{1,40}$/);

/** Who signs tokens that callers show, and how they are checked. */
export const tokenIssuerSettings = list(
  z.strictObject({
    id: issuerId,
    issuer: text("the claim iss of its tokens, 1 to 200 visible ASCII characters", visible),
    audience: text("the claim aud of tokens for this service, 1 to 200 visible ASCII characters", visible),
    jwksUrl: checked(urlForm, (value) => (isKeysUrl(value) ? undefined : `is no such address: write ${urlForm}`)),
    algorithms: list(choice(...algorithms), { min: 1, max: algorithms.length, write: `of ${algorithms.join(", ")}` }).default([
      "RS256",
      "ES256",
      "EdDSA",
    ]),
    maxLifetimeSeconds: whole("the seconds a token may be valid from its iat on", 60, 86_400).default(3_600),
    clockToleranceSeconds: whole("the seconds that clocks may differ", 0, 120).default(30),
    cacheSeconds: whole("the seconds its keys are kept before they are asked for again", 60, 86_400).default(600),
    timeoutSeconds: whole("the seconds that asking for its keys may take", 1, 5).default(3),
  }),
  { min: 0, max: 8, write: "issuers of tokens" },
).default([]);

export const callerTokenSettings = z.strictObject({
  ...callerTerms,
  issuer: issuerId,
  claim: text("the name of a claim, 1 to 200 visible ASCII characters", visible),
  value: text("the value of the claim, or one of its values, 1 to 200 visible ASCII characters", visible),
  rightsClaim: text("the name of a claim with rights, 1 to 200 visible ASCII characters", visible).optional(),
  rightsPrefix: text("what stands before a right in rightsClaim, at most 100 visible ASCII characters", /^[\x21-\x7e]{0,100}$/).default(""),
});

/** Whether issuers are known, and a token cannot be of two callers by the same claim. */
export function checkCallerTokens({ applications = [], tokenIssuers = [] }: Salvaged<Settings>): Explained[] {
  const ids = tokenIssuers.map((issuer) => issuer?.id);
  const entries = applications.flatMap((application, at) =>
    (application?.tokens ?? []).map((token, index) => ({ token, path: ["applications", at, "tokens", index] })),
  );
  const unknown = entries.flatMap(({ token, path }) =>
    token?.issuer === undefined || ids.includes(token.issuer) || ids.includes(undefined)
      ? []
      : [{ path: [...path, "issuer"], message: `is not the id of an issuer: write ${known(ids)}` }],
  );
  const claims = entries.map(({ token }) => token && JSON.stringify([token.issuer, token.claim, token.value]));
  const same = repeated(claims).map((index) => ({
    path: [...(entries[index]?.path ?? []), "value"],
    message: "is the value of that claim for another caller: each token is of one caller",
  }));
  return [...unknown, ...same, ...sameIn("id", tokenIssuers), ...sameIn("issuer", tokenIssuers)];
}

const known = (ids: readonly (string | undefined)[]): string =>
  ids.length === 0 ? "one into tokenIssuers first" : `one of ${ids.join(", ")}`;

const sameIn = (name: "id" | "issuer", issuers: Salvaged<Settings["tokenIssuers"]>): Explained[] =>
  repeated(issuers.map((issuer) => issuer?.[name])).map((index) => ({
    path: ["tokenIssuers", index, name],
    message: "is that of another issuer: each needs its own",
  }));

function isKeysUrl(value: string): boolean {
  const url = URL.parse(value);
  if (!url || value.length > 500 || url.username !== "" || url.password !== "" || /[\s\\#]/.test(value)) return false;
  const address = parseAddress(`${url.hostname}:${url.port || "80"}`);
  return url.protocol === "https:" || (url.protocol === "http:" && address !== undefined && isLoopback(address));
}

export const buildCallerTokens = ({ id, tokens }: ApplicationSettings): CallerToken[] =>
  tokens.map(({ issuer, claim, value, rightsClaim, rightsPrefix, ...terms }) => ({
    ...buildCallerTerms(terms, id),
    issuer,
    claim,
    value,
    rightsPrefix,
    ...(rightsClaim !== undefined && { rightsClaim }),
  }));

export const buildTokenIssuers = (issuers: Settings["tokenIssuers"]): TokenIssuer[] =>
  issuers.map(({ maxLifetimeSeconds, clockToleranceSeconds, cacheSeconds, timeoutSeconds, ...issuer }) => ({
    ...issuer,
    maxLifetimeMs: maxLifetimeSeconds * 1000,
    clockToleranceMs: clockToleranceSeconds * 1000,
    cacheMs: cacheSeconds * 1000,
    timeoutMs: timeoutSeconds * 1000,
  }));
