import { type Result, refused } from "../otp/refusal.ts";
import type { Caller } from "../otp/types.ts";
import type { Authenticate, AuthenticateKey } from "./auth.ts";
import type { AuthenticateCertificate } from "./caller-certificate.ts";
import type { AuthenticateToken } from "./caller-token.ts";

type Ways = {
  readonly byKey: AuthenticateKey;
  /** Undefined where configuration names no caller of that sort. */
  readonly byToken: AuthenticateToken | undefined;
  readonly byCertificate: AuthenticateCertificate | undefined;
};

const nothingShown = refused("UNAUTHENTICATED", "show a client certificate, or name your key in the header `authorization: Bearer KEY`");
const otherApplication = refused("UNAUTHENTICATED", "the client certificate is of another application than the header `authorization`");

/**
 * Every way to say who calls, as one. A header decides alone, and a certificate where there is no header; a wrong header is not made
 * good by a certificate. Where both are callers' they must be of one application: a key that was stolen does not work over
 * the thief's own certificate.
 */
export function createCallerAuthentication({ byKey, byToken, byCertificate }: Ways): Authenticate {
  const byHeader = byToken ? (authorization: string | undefined) => byEither(byKey, byToken, authorization) : byKey;
  if (!byCertificate) return byHeader;
  return (authorization, findCertificate) => {
    const certificate = findCertificate?.();
    const shown = certificate && byCertificate(certificate);
    if (authorization === undefined) return shown ?? nothingShown;
    const named = byHeader(authorization);
    if (!shown?.ok) return named;
    return named instanceof Promise ? named.then((caller) => agree(caller, shown.value)) : agree(named, shown.value);
  };
}

/** Three parts between dots (RFC 7515, section 3.1), which no key has. */
const tokenForm = /^bearer +([A-Za-z0-9_-]*\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*) *$/i;

function byEither(byKey: AuthenticateKey, byToken: AuthenticateToken, authorization: string | undefined) {
  const token = authorization === undefined ? undefined : tokenForm.exec(authorization)?.[1];
  return token === undefined ? byKey(authorization) : byToken(token);
}

const agree = (named: Result<Caller>, shown: Caller): Result<Caller> =>
  !named.ok || named.value.application.id === shown.application.id ? named : otherApplication;
