import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Reads codes as a phone would: zbarimg of ZBar (Debian's package `zbar-tools`), which the tests also do without. */
export const hasZbar = (): boolean => {
  if (spawnSync("zbarimg", ["--version"]).status === 0) return true;
  process.stderr.write("\n!!! Reading QR codes back is SKIPPED: apt-get install zbar-tools.\n\n");
  return false;
};

export async function readQr(png: Uint8Array): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-qr-"));
  try {
    writeFileSync(join(folder, "code.png"), png);
    const { stdout } = await run("zbarimg", ["--quiet", "--raw", join(folder, "code.png")]);
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
