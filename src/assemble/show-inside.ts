import { X509Certificate } from "node:crypto";
import type { Config } from "../config/config.ts";
import type { Carriers } from "../providers/create-carriers.ts";
import type { Shown } from "../telemetry/metric-shown.ts";

type Showing = Pick<Config, "secrets" | "proofs" | "authenticatorKeys" | "tls">;

/** What operators see of a configuration's keys, certificates and providers; of a key its id, never more. */
export function showInside({ secrets, proofs, authenticatorKeys = [], tls }: Showing, carriers: Pick<Carriers, "states">): () => Shown {
  // The first code key signs, as does the current one of the proofs.
  const proofKeys = (proofs?.keys ?? []).toSorted((a, b) => Number(b.status === "current") - Number(a.status === "current"));
  const lists = { code: secrets.codeKeys, proof: proofKeys, authenticator: authenticatorKeys } as const;
  const keys = Object.entries(lists).flatMap(([use, list]) =>
    list.map(({ id }, position) => ({ use: use as keyof typeof lists, id, position })),
  );
  const certificates = [
    { use: "listener", expiresAtMs: earliestEnd(tls?.cert) },
    { use: "client_ca", expiresAtMs: earliestEnd(tls?.clientCa) },
  ] as const;
  return () => ({ keys, certificates, providers: carriers.states() });
}

/** Of several, one that has ended is enough to break the chain. */
function earliestEnd(pem = ""): number | undefined {
  const ends = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((each) =>
    new X509Certificate(each).validToDate.getTime(),
  );
  return ends.length > 0 ? Math.min(...ends) : undefined;
}
