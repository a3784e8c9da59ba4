/** The verifiers that `docs/proof-tokens.md` gives away, each as a program that answers one line per token. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Verifier = (args: readonly string[], tokens: readonly string[]) => Promise<string[]>;

type Example = {
  /** What its packages are kept by, and installed from. */
  readonly manifest: string;
  /** Rejects where the toolchain or the network is missing. */
  install(folder: string): Promise<unknown>;
  /** What must not fail where the packages are there. */
  build?(folder: string): Promise<unknown>;
  command(folder: string): readonly [program: string, ...args: string[]];
};

const examples = fileURLToPath(new URL("../../examples/verify-proof/", import.meta.url));
const cache = fileURLToPath(new URL("../../.cache/verify-proof/", import.meta.url));
const source = (file: string): string => join(examples, file);
const goFolder = { cwd: source("go"), env: { ...process.env, GOFLAGS: "-mod=readonly" } };

const known: Readonly<Record<string, Example>> = {
  node: {
    manifest: "node/package.json",
    install: async () => {},
    command: () => [process.execPath, source("node/verify-proof.js")],
  },
  go: {
    manifest: "go/go.sum",
    install: () => run("go", ["mod", "download"], goFolder),
    build: (folder) => run("go", ["build", "-o", join(folder, "verify"), "."], goFolder),
    command: (folder) => [join(folder, "verify")],
  },
  python: {
    manifest: "python/requirements.txt",
    async install(folder) {
      if (existsSync(join(folder, "installed"))) return;
      await run("python3", ["-m", "venv", folder]);
      await run(join(folder, "bin/pip"), ["install", "--quiet", "--disable-pip-version-check", "-r", source("python/requirements.txt")]);
      mkdirSync(join(folder, "installed"));
    },
    command: (folder) => [join(folder, "bin/python"), source("python/verify_proof.py")],
  },
  java: {
    manifest: "java/pom.xml",
    async install(folder) {
      await run("java", ["-version"]);
      const lib = join(folder, "lib");
      if (existsSync(lib)) return;
      await run("mvn", ["-q", "-B", "-f", source("java/pom.xml"), "dependency:copy-dependencies", `-DoutputDirectory=${lib}`]);
    },
    command: (folder) => ["java", "-cp", join(folder, "lib/*"), source("java/VerifyProof.java")],
  },
};

export const languages = Object.keys(known);

/** Undefined, after a loud line, where it cannot be run; an error instead when COUNTERSIGN_REQUIRE_VERIFIERS=1. */
export async function prepareVerifier(language: string): Promise<Verifier | undefined> {
  const example = known[language];
  if (!example) throw new Error(`there is no example in ${language}`);
  const packages = createHash("sha256")
    .update(readFileSync(source(example.manifest)))
    .digest("hex")
    .slice(0, 12);
  const folder = join(cache, `${language}-${packages}`);
  mkdirSync(folder, { recursive: true });
  try {
    await example.install(folder);
  } catch (error) {
    if (process.env.COUNTERSIGN_REQUIRE_VERIFIERS === "1") throw error;
    const why = String(error).split("\n").slice(0, 3).join(" ");
    process.stderr.write(
      `\n!!! The ${language} example of verifying a proof is NOT TESTED: ${why}. COUNTERSIGN_REQUIRE_VERIFIERS=1 makes this an error.\n\n`,
    );
    return undefined;
  }
  await example.build?.(folder);
  const [program, ...options] = example.command(folder);
  return async (args, tokens) => {
    // Java reads arguments in the charset of the locale, and a bare environment has one without letters beyond ASCII.
    const env = { ...process.env, LC_ALL: "C.UTF-8" };
    const output = await run(program, [...options, ...args], { env, input: tokens.map((token) => `${token}\n`).join("") });
    return output.split("\n").slice(0, -1);
  };
}

type RunOptions = { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string };

function run(program: string, args: readonly string[], { input, ...options }: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { ...options, timeout: 120_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args[0]}: ${error.message}\n${stderr}`));
      else resolve(stdout);
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
