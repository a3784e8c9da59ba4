/** Another hand at the same codes: oathtool of the OATH Toolkit (Debian's package `oathtool`). */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Says so loudly when it is missing; COUNTERSIGN_REQUIRE_OATHTOOL=1 makes that an error. */
export function hasOathtool(): boolean {
  if (spawnSync("oathtool", ["--version"]).status === 0) return true;
  const howTo = "apt-get install oathtool";
  if (process.env.COUNTERSIGN_REQUIRE_OATHTOOL === "1") throw new Error(`no oathtool, and COUNTERSIGN_REQUIRE_OATHTOOL=1: ${howTo}`);
  process.stderr.write(`\n!!! Tests against oathtool are SKIPPED: ${howTo}. COUNTERSIGN_REQUIRE_OATHTOOL=1 makes this an error.\n\n`);
  return false;
}

export type Form = { readonly algorithm: "sha1" | "sha256" | "sha512"; readonly digits: number; readonly periodSeconds: number };

/** The code of that moment, in milliseconds since 1970. */
export const oathtoolTotp = ({ algorithm, digits, periodSeconds }: Form, base32: string, ms: number): Promise<string> =>
  oathtool(
    `--totp=${algorithm}`,
    `--digits=${digits}`,
    `--time-step-size=${periodSeconds}s`,
    `--now=@${Math.floor(ms / 1000)}`,
    "--base32",
    base32,
  );

/** The library knows only SHA-1 for counters. */
export const oathtoolHotp = (digits: number, base32: string, counter: number): Promise<string> =>
  oathtool("--hotp", `--digits=${digits}`, `--counter=${counter}`, "--base32", base32);

async function oathtool(...args: string[]): Promise<string> {
  const { stdout } = await run("oathtool", args);
  return stdout.trim();
}
