import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../src/commands/command-table.ts";
import { environmentVariables } from "../../src/config/environment.ts";
import { newFolder } from "../process/service.ts";
import { drainSeconds, read, root } from "./files.ts";

const name = "countersign.service";
const path = `deploy/systemd/${name}`;
const unit = settingsOf(read(path));
const analyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("the systemd unit", () => {
  it("starts, tells when it is ready, reloads and stops the service", () => {
    const [start, ready] = [one("ExecStart"), one("ExecStartPost")];
    const command = /^\/usr\/bin\/node \/opt\/countersign\/src\/main\.ts (\S+)/;
    for (const line of [start, ready]) expect(commands.map((each) => each.name)).toContain(command.exec(line)?.[1]);
    expect(one("ExecReload")).toBe("/bin/kill -HUP $MAINPID");
    expect(Number(one("TimeoutStopSec"))).toBeGreaterThan(drainSeconds());
    const [, wait] = /--wait (\d+)$/.exec(ready) ?? [];
    expect(Number(one("TimeoutStartSec"))).toBeGreaterThan(Number(wait));
    // A database that is away while machines boot must not leave the service stopped for good.
    expect([one("Restart"), one("StartLimitIntervalSec")]).toEqual(["on-failure", "0"]);
  });

  it("sets variables that the service knows, and has a secret for each that the page shows", () => {
    const variables = all("Environment").map((pair) => pair.split("=")[0] ?? "");
    expect(variables.filter((each) => each !== "NODE_ENV" && !environmentVariables.includes(each))).toEqual([]);
    const page = read("docs/deployment.md");
    for (const credential of all("LoadCredential").map((each) => each.split(":")[0])) {
      expect(page).toContain(`/run/credentials/${name}/${credential}`);
    }
  });

  it("takes no rights, and leaves Node.js its compiler", () => {
    expect([one("DynamicUser"), one("NoNewPrivileges"), one("ProtectSystem"), one("CapabilityBoundingSet")]).toEqual([
      "yes",
      "yes",
      "strict",
      "",
    ]);
    expect(all("MemoryDenyWriteExecute")).toEqual([]);
    expect(all("SystemCallFilter")[0]).toBe("@system-service");
    expect(one("StateDirectory")).toBe("countersign");
  });

  it.skipIf(!analyze)("is what systemd understands, and a mistyped setting is not", () => {
    expect(verify(read(path))).toBe("");
    expect(verify(read(path).replace("ProtectSystem=", "ProtectSytem="))).toContain("ProtectSytem");
  });

  it.skipIf(!analyze)("exposes little, as systemd sees it", () => {
    const told = execFileSync("systemd-analyze", ["security", "--offline=yes", "--no-pager", join(root, path)]).toString();
    const [, level] = /Overall exposure level for \S+: ([\d.]+)/.exec(told) ?? [];
    expect(Number(level)).toBeLessThan(2);
  });
});

/** What systemd says of a unit, with programs that exist on this machine. */
function verify(source: string): string {
  const file = join(newFolder(), name);
  writeFileSync(file, source.replaceAll("/usr/bin/node", process.execPath));
  return spawnSync("systemd-analyze", ["verify", "--man=no", file]).stderr.toString();
}

function settingsOf(source: string): readonly (readonly [string, string])[] {
  const lines = source.split("\n").filter((line) => line !== "" && !line.startsWith("#") && !/^\[\w+\]$/.test(line));
  return lines.map((line) => {
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined) throw new Error(`not a setting: ${line}`);
    return [key, value] as const;
  });
}

function all(key: string): readonly string[] {
  return unit.filter(([each]) => each === key).map(([, value]) => value);
}

function one(key: string): string {
  const [value, ...others] = all(key);
  if (value === undefined || others.length > 0) throw new Error(`${key} is there ${others.length + (value === undefined ? 0 : 1)} times`);
  return value;
}
