/**
 * `npm run supply`: what is shipped besides our own code, and whether it may be. Writes `sbom.json` (CycloneDX), checks every licence
 * in it, and asks the registry for known vulnerabilities. Exits with 1 when a licence or a vulnerability stands in the way.
 */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { judgeAudit } from "./audit.ts";
import { findForeignLicences, type Sbom } from "./licences.ts";

/** npm exits with 1 when it finds something, and its report is on standard output all the same. */
async function npm(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("npm", [...args], { maxBuffer: 64 * 1024 * 1024, timeout: 120_000 }).catch(
    (error: { readonly stdout?: string }) => {
      if (error.stdout) return { stdout: error.stdout };
      throw error;
    },
  );
  return stdout;
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const complain = (line: string): boolean => process.stderr.write(`${line}\n`);

const text = await npm("sbom", "--sbom-format", "cyclonedx", "--omit", "dev");
const sbom: Sbom = JSON.parse(text);
writeFileSync("sbom.json", text);
say(`sbom.json lists ${sbom.components.length} parts.`);

const foreign = findForeignLicences(sbom);
for (const line of foreign) complain(`Licence: ${line}; supply/licences.ts lists those that are accepted.`);
if (foreign.length === 0) say("Every licence is accepted.");

const verdict = judgeAudit(JSON.parse(await npm("audit", "--omit", "dev", "--json")));
if (verdict.status === "clean") say("No vulnerability of high or critical severity is known.");
if (verdict.status === "not_asked") say(`Vulnerabilities: the registry could not be asked (${verdict.why}).`);
if (verdict.status === "vulnerable") for (const line of verdict.found) complain(`Vulnerability: ${line}`);

process.exitCode = foreign.length > 0 || verdict.status === "vulnerable" ? 1 : 0;
