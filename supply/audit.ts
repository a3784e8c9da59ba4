/** What `npm audit --json` says, of which what is read here; without `vulnerabilities` the registry could not be asked. */
export type AuditReport = {
  readonly message?: string;
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly name: string; readonly severity: string; readonly range: string; readonly fixAvailable: unknown }>
  >;
};

export type AuditVerdict =
  | { readonly status: "clean" }
  | { readonly status: "vulnerable"; readonly found: readonly string[] }
  /** Some registries, such as mirrors of a company's own, know no advisories. */
  | { readonly status: "not_asked"; readonly why: string };

/** Below this, a finding in a part of a part is noise more often than not; the whole list is one `npm audit` away. */
const tooHigh: ReadonlySet<string> = new Set(["high", "critical"]);

export function judgeAudit({ message, vulnerabilities }: AuditReport): AuditVerdict {
  if (!vulnerabilities)
    return { status: "not_asked", why: (message ?? "the report has no findings and no reason").replace(/\bhttps?:\S+/g, "…") };
  const found = Object.values(vulnerabilities)
    .filter(({ severity }) => tooHigh.has(severity))
    .map(({ name, severity, range, fixAvailable }) => `${name} ${range} (${severity}${fixAvailable ? ", a fix is available" : ""})`);
  return found.length > 0 ? { status: "vulnerable", found } : { status: "clean" };
}
