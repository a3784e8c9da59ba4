import { narrowApplication } from "../config/caller-key-settings.ts";
import type { Config } from "../config/config.ts";
import { type Application, rights } from "../otp/types.ts";
import { type Authenticate, createAuthenticate, createOpenAuthenticate } from "../rpc/auth.ts";

/** Without any key, whoever reaches the loopback addresses is the one application: configuration allows no other addresses then. */
export function createAuthentication({ applications, keys }: Config): Authenticate {
  const byId = new Map(applications.map((application) => [application.id, application]));
  const [only] = applications;
  if (keys.length === 0 && only) return createOpenAuthenticate({ application: only, kind: "service", rights, keyId: "" });
  const callers = keys.map(({ hash, applicationId, purposes, channels, ...key }) => ({
    hash,
    caller: {
      ...key,
      application: narrowApplication(byId.get(applicationId) as Application, {
        ...(purposes && { purposes }),
        ...(channels && { channels }),
      }),
    },
  }));
  return createAuthenticate(callers);
}
