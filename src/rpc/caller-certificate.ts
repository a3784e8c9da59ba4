import { allowed, type Result, refused } from "../otp/refusal.ts";
import type { Caller } from "../otp/types.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import { createNameIndex } from "./name-patterns.ts";

/** A caller whom certificates with a name like one of `names` name. */
export type CertificateCaller = { readonly names: readonly string[]; readonly caller: Caller };

export type AuthenticateCertificate = (certificate: ClientCertificate) => Result<Caller>;

const unknownName = refused("UNAUTHENTICATED", "the client certificate is of no caller that is known here");
const severalCallers = refused("UNAUTHENTICATED", "the names of the client certificate are of several callers: it must be of one");
const expired = refused("UNAUTHENTICATED", "the client certificate has expired since the connection began");

/** Who calls, by the names of its certificate; all that are known must be of one caller. */
export function createAuthenticateCertificate(callers: readonly CertificateCaller[], now: () => number): AuthenticateCertificate {
  const find = createNameIndex(callers.flatMap(({ names, caller }) => names.map((pattern) => ({ pattern, value: caller }))));
  // The names are compared once per connection, not per call.
  const known = new WeakMap<ClientCertificate, Result<Caller>>();
  const identify = ({ names }: ClientCertificate): Result<Caller> => {
    const [only, another] = new Set(names.flatMap((name) => find(name) ?? []));
    if (!only) return unknownName;
    return another ? severalCallers : allowed(only);
  };
  return (certificate) => {
    if (now() >= certificate.notAfterMs) return expired;
    const caller = known.get(certificate) ?? identify(certificate);
    known.set(certificate, caller);
    return caller;
  };
}
