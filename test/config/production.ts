import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { stringify } from "yaml";
import type { Config } from "../../src/config/config.ts";
import type { Environment } from "../../src/config/environment.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";

export const aSecret = (): string => randomBytes(32).toString("base64");

export const aProofKey = (id = "p1", status = "current"): Record<string, unknown> => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { id, status, algorithm: "ES256", privateKey: privateKey.export({ format: "pem", type: "pkcs8" }) };
};

/** The least that production needs; tests change what they are about. */
export const production = () => ({
  store: { url: "sqlite:/var/lib/countersign/countersign.db" } as Record<string, unknown>,
  secrets: { ledgerKey: aSecret() as unknown, codeKeys: [{ id: "a", secret: aSecret() as unknown }] },
  applications: [anApplication("shop")],
  providers: {
    mail: {
      kind: "smtp",
      host: "smtp.example.com",
      auth: { user: "u", password: "hunter2-hunter2" as unknown },
      from: { address: "codes@example.com" },
    },
  } as Record<string, Record<string, unknown>>,
  channels: { email: ["mail"] } as Record<string, unknown>,
});

export const anApplication = (id: string): Record<string, unknown> => ({
  id,
  displayName: "Shop",
  purposes: ["login", "payment"],
  channels: ["email"],
  policy: { countries: "*", voice: { countries: "*" } },
  keys: [{ id: "k", hash: `sha256:${randomBytes(32).toString("hex")}` }],
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "countersign-config-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeConfig(content: string | object): string {
  const file = join(temporaryFolder(), "countersign.yaml");
  writeFileSync(file, typeof content === "string" ? content : stringify(content), { mode: 0o600 });
  return file;
}

export const load = (content: string | object, env: Environment = {}) =>
  loadConfig({ env: { ...env, COUNTERSIGN_CONFIG: writeConfig(content) } });

export function loadGood(content: string | object, env: Environment = {}): Config {
  const loaded = load(content, env);
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.config;
}

/** Every problem as it is printed; none when the configuration is good. */
export function problemsOf(content: string | object, env: Environment = {}): string[] {
  const loaded = load(content, env);
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
}

export function developmentProblems(env: Environment): string[] {
  const loaded = loadConfig({ env });
  return loaded.ok ? [] : loaded.problems.map(formatProblem);
}

export function loadDevelopment(env: Environment = {}): Config {
  const loaded = loadConfig({ env });
  if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join("\n"));
  return loaded.config;
}
