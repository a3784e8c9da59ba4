import { z } from "zod";
import type { ApplicationSettings } from "./application-settings.ts";
import { buildCallerTerms, callerTerms } from "./caller-terms.ts";
import type { CallerCertificate } from "./config.ts";
import { checked, list } from "./forms.ts";
import type { Explained } from "./issue.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

const nameForm =
  "a name as certificates have it: a DNS name (shop.internal; *.internal for one label) or a URI (spiffe://example.org/ns/shop/sa/web; * for one whole path segment)";

const dnsName = /^(?:\*\.)?(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/i;
/** SPIFFE ids and their like: no port, user, query, fragment or escape, and no segment that is empty or of dots only. */
const uriName = /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]{1,255}(?:\/(?:\*|(?!\.+(?:\/|$))[A-Za-z0-9._~-]+))*$/;

const name = checked(nameForm, (value) =>
  value.length <= 2048 && (value.includes("://") ? uriName : dnsName).test(value)
    ? undefined
    : `is no name that a pattern can be: write ${nameForm}`,
);

export const callerCertificateSettings = z.strictObject({
  ...callerTerms,
  names: list(name, { min: 1, max: 20, write: "names of certificates" }),
});

/** A name stands for one caller, and callers can only show certificates where they are asked for them. */
export function checkCallerCertificates({ applications = [], listen }: Salvaged<Settings>): Explained[] {
  const entries = applications.flatMap((application, at) =>
    (application?.certificates ?? []).map((certificate, index) => ({ certificate, path: ["applications", at, "certificates", index] })),
  );
  const names = entries.flatMap(({ certificate, path }) =>
    (certificate?.names ?? []).map((text, index) => ({ text: canonicalName(text), path: [...path, "names", index] })),
  );
  const same = repeated(names.map(({ text }) => text)).map((index) => ({
    path: names[index]?.path ?? [],
    message: "stands for another caller already, or twice: each name is of one caller",
  }));
  const [first] = entries;
  if (!first || listen === undefined || listen.tls?.clientCaFile !== undefined || isUnread(listen.tls)) return same;
  const message = "can never be shown: name the authorities of callers' certificates in listen.tls.clientCaFile";
  return [...same, { path: first.path, message }];
}

const isUnread = (tls: object | undefined): boolean => tls !== undefined && !("certFile" in tls && "keyFile" in tls);

/** DNS names are compared without regard to case. */
const canonicalName = (text: string | undefined): string | undefined => (text?.includes("://") ? text : text?.toLowerCase());

export const buildCallerCertificates = ({ id, certificates }: ApplicationSettings): CallerCertificate[] =>
  certificates.map(({ names, ...terms }) => ({ ...buildCallerTerms(terms, id), names }));
