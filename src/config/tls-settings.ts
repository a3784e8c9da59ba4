import { z } from "zod";
import { isLoopback, parseAddress } from "./address.ts";
import type { Config } from "./config.ts";
import { choice, flag, text } from "./forms.ts";
import type { Explained } from "./issue.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

const file = (what: string) => text(`the path of a PEM file with ${what}; a relative one starts at this file`, /^[^\0]{1,1024}$/);

export const tlsSettings = z
  .strictObject({
    certFile: file("the listeners' certificate, and behind it those between it and the authority"),
    keyFile: file("the private key of the certificate"),
    minVersion: choice("1.2", "1.3").default("1.2"),
    clientCaFile: file("the authorities of callers' certificates").optional(),
    requireClientCertificate: flag("Refuses connections without a client certificate").default(false),
  })
  .refine((tls) => tls.clientCaFile !== undefined || !tls.requireClientCertificate, {
    path: ["clientCaFile"],
    error:
      "is missing, and without authorities no client certificate can be required: name their file, or leave requireClientCertificate out",
  });

export const allowPlaintext = flag("Permits plaintext on other than loopback addresses").default(false);

/** Keys, codes and recipients are in what callers send, so nobody on the way may read it. */
export function checkPlaintext({ listen }: Salvaged<Settings>, mode: Config["mode"]): Explained[] {
  // Settings that could not be read may well say that it is meant so.
  if (mode === "development" || listen?.allowPlaintext !== false || "tls" in listen) return [];
  return (["grpc", "http", "admin"] as const).flatMap((name) => {
    const address = parseAddress(listen[name] ?? "");
    if (!address || isLoopback(address)) return [];
    const message =
      "is not a loopback address, and keys and codes would pass in plaintext: set listen.tls, or, behind a proxy or mesh that ends TLS, listen.allowPlaintext: true";
    return [{ path: ["listen", name], message }];
  });
}
