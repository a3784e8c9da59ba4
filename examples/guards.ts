/** How each example of a guarded endpoint is made and run: the commands at its top, step by step. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./clients.ts";
import { mustRun } from "./run-program.ts";
import { stage } from "./stage.ts";
import { checkTypes, linkVenv, withTools } from "./steps.ts";

/** What a guard is told: where it listens (on 127.0.0.1), and whose proofs it takes. */
export type Guarded = { readonly port: number; readonly countersign: string; readonly issuer: string; readonly audience: string };

export type Guard = {
  readonly probe: Command;
  readonly prepare: () => Promise<string>;
  readonly command: (folder: string, guarded: Guarded) => Command;
  readonly env?: (folder: string, guarded: Guarded) => Readonly<Record<string, string>>;
  /** It has the service spend the proof, instead of checking it by key. */
  readonly spends?: true;
};

const args = ({ port, countersign, issuer, audience }: Guarded): string[] => [
  String(port),
  `${countersign}/.well-known/jwks.json`,
  issuer,
  audience,
];

const node = (file: string): Guard => ({
  probe: ["npm", "--version"],
  prepare: prepareNode,
  command: (folder, guarded) => [process.execPath, join(folder, file), ...args(guarded)],
});

export const guards: Readonly<Record<string, Guard>> = {
  express: node("express-guard.ts"),
  fastify: node("fastify-guard.ts"),
  go: {
    probe: ["go", "version"],
    prepare: () =>
      stage("guard/go", ["examples/guard/go"], async (folder) => {
        await mustRun(["go", "build", "-o", "guard", "."], { cwd: folder, env: { GOFLAGS: "-mod=readonly" } });
      }),
    command: (folder, guarded) => [join(folder, "guard"), ...args(guarded)],
  },
  python: {
    probe: ["python3", "--version"],
    prepare: () =>
      stage("guard/python", ["examples/guard/python", "examples/verify-proof/python"], (folder) => linkVenv(folder, "verify-proof/python")),
    command: (folder, guarded) => [join(folder, "venv/bin/python"), join(folder, "guard.py"), ...args(guarded)],
    env: (folder) => ({ PYTHONPATH: join(folder, "../../verify-proof/python") }),
  },
  java: {
    probe: ["mvn", "--version"],
    prepare: () =>
      stage("guard/java", ["examples/guard/java", "examples/verify-proof/java"], async (folder) => {
        const pom = ["-f", "../../verify-proof/java/pom.xml", `-DoutputDirectory=${join(folder, "lib")}`];
        await mustRun(["mvn", "-q", "-B", "-ntp", "dependency:copy-dependencies", ...pom], { cwd: folder });
        const sources = ["Guard.java", "../../verify-proof/java/VerifyProof.java"];
        await mustRun(["javac", "-d", "classes", "-cp", "lib/*", ...sources], { cwd: folder });
      }),
    command: (folder, guarded) => ["java", "-cp", `${folder}/classes:${folder}/lib/*`, "Guard", ...args(guarded)],
  },
  php: {
    probe: ["php", "--version"],
    prepare: () => stage("guard/php", ["examples/guard/php"], async () => undefined),
    command: (folder, { port }) => ["php", "-S", `127.0.0.1:${port}`, join(folder, "guard.php")],
    env: (_, { countersign }) => ({ COUNTERSIGN_URL: countersign }),
    spends: true,
  },
};

let preparedNode: Promise<string> | undefined;

/** Both guards in one folder, made once. `npm pack` makes the package as it would be published. */
function prepareNode(): Promise<string> {
  preparedNode ??= stage("guard/node", ["verify", "tsconfig.json", "examples/guard/node"], async (folder) => {
    await mustRun(["npm", "pack", "../../../verify", "--silent"], { cwd: folder, env: withTools });
    if (!readdirSync(folder).includes("countersign-verify-0.1.0.tgz")) throw new Error("npm pack has made another version");
    await mustRun(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], { cwd: folder });
    await checkTypes(folder);
  });
  return preparedNode;
}
