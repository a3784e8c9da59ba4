import { narrowApplication } from "../config/caller-key-settings.ts";
import type { CallerTerms, Config } from "../config/config.ts";
import { type Application, type Caller, rights } from "../otp/types.ts";
import { type Authenticate, createAuthenticate, createOpenAuthenticate } from "../rpc/auth.ts";
import type { Foundation } from "./foundation.ts";

type Deps = Pick<Foundation, "share" | "now" | "logger">;

/** Without any caller, whoever reaches the loopback addresses is the one application: configuration allows no other addresses then. */
export async function openAuthentication(config: Config, deps: Deps, parts: AsyncDisposableStack): Promise<Authenticate> {
  const { applications, keys, certificates, tokens } = config;
  const [only] = applications;
  const isOpen = keys.length + certificates.length + tokens.length === 0;
  if (isOpen && only) return createOpenAuthenticate({ application: only, kind: "service", rights, keyId: "" });
  const byId = new Map(applications.map((application) => [application.id, application]));
  const callerOf = (terms: CallerTerms): Caller => buildCaller(terms, byId.get(terms.applicationId) as Application);
  const byKey = createAuthenticate(keys.map((key) => ({ hash: key.hash, caller: callerOf(key) })));
  if (certificates.length + tokens.length === 0) return byKey;
  const [{ createAuthenticateCertificate }, { createCallerAuthentication }, { createAuthenticateToken }, { openTokenIssuers }] =
    await Promise.all([
      import("../rpc/caller-certificate.ts"),
      import("../rpc/caller-credentials.ts"),
      import("../rpc/caller-token.ts"),
      import("./open-token-issuers.ts"),
    ]);
  const { now } = deps;
  const issuers = await openTokenIssuers(config, deps, parts);
  return createCallerAuthentication({
    byKey,
    byCertificate:
      certificates.length > 0
        ? createAuthenticateCertificate(
            certificates.map((certificate) => ({ names: certificate.names, caller: callerOf(certificate) })),
            now,
          )
        : undefined,
    byToken:
      tokens.length > 0
        ? createAuthenticateToken({ issuers, callers: tokens.map((token) => ({ ...token, caller: callerOf(token) })), now })
        : undefined,
  });
}

function buildCaller({ keyId, kind, rights: own, origins, purposes, channels }: CallerTerms, application: Application): Caller {
  return {
    keyId,
    kind,
    rights: own,
    ...(origins && { origins }),
    application: narrowApplication(application, { ...(purposes && { purposes }), ...(channels && { channels }) }),
  };
}
