/** How each example client is made and run: the commands at its top, step by step. */
import { join } from "node:path";
import { mustRun } from "./run-program.ts";
import { linkPackages, stage } from "./stage.ts";
import { checkTypes, linkVenv, withTools } from "./steps.ts";

export type Command = readonly [program: string, ...args: string[]];

/** Addresses as `HOST:PORT`. */
export type Target = { readonly grpc: string; readonly http: string; readonly phone: string };

export type Client = {
  /** Succeeds where the toolchain is. */
  readonly probe: Command;
  /** Gives the folder where it can be run. */
  readonly prepare: () => Promise<string>;
  readonly command: (folder: string, target: Target) => Command;
  readonly env?: (folder: string) => Readonly<Record<string, string>>;
};

const overGrpc = ({ grpc, http, phone }: Target): string[] => [grpc, `http://${http}`, phone];
const overHttp = ({ http, phone }: Target): string[] => [`http://${http}`, phone];

export const clients: Readonly<Record<string, Client>> = {
  node: {
    probe: [process.execPath, "--version"],
    prepare: () => prepareTypescript("node", "@connectrpc/connect-node"),
    command: (folder, target) => [process.execPath, join(folder, "send-and-verify.ts"), ...overGrpc(target)],
  },
  browser: {
    probe: [process.execPath, "--version"],
    prepare: () => prepareTypescript("browser", "@connectrpc/connect-web"),
    command: (folder, target) => [process.execPath, join(folder, "run.ts"), ...overHttp(target)],
  },
  go: {
    probe: ["go", "version"],
    prepare: () =>
      stage("go", ["proto", "examples/go"], async (folder) => {
        const options = { cwd: folder, env: { ...withTools, GOFLAGS: "-mod=readonly" } };
        await mustRun(["buf", "generate"], options);
        await mustRun(["go", "build", "-o", "client", "."], options);
      }),
    command: (folder, target) => [join(folder, "client"), ...overGrpc(target)],
  },
  python: {
    probe: ["python3", "--version"],
    prepare: () =>
      stage("python", ["proto", "examples/python"], async (folder) => {
        await linkVenv(folder, "python");
        // As in the example's first lines; a shell for `*.proto`.
        const generate = "venv/bin/python -m grpc_tools.protoc -I ../../proto --python_out=gen --grpc_python_out=gen";
        await mustRun(["sh", "-c", `mkdir gen && ${generate} ../../proto/countersign/v1/*.proto`], { cwd: folder });
      }),
    command: (folder, target) => [join(folder, "venv/bin/python"), join(folder, "send_and_verify.py"), ...overGrpc(target)],
    env: (folder) => ({ PYTHONPATH: join(folder, "gen") }),
  },
  java: {
    probe: ["mvn", "--version"],
    prepare: () =>
      stage("java", ["proto", "examples/java"], async (folder) => {
        const goals = ["compile", "dependency:copy-dependencies", "-DoutputDirectory=target/lib", "-DincludeScope=runtime"];
        await mustRun(["mvn", "-q", "-B", "-ntp", ...goals], { cwd: folder });
      }),
    command: (folder, target) => ["java", "-cp", `${folder}/target/classes:${folder}/target/lib/*`, "SendAndVerify", ...overGrpc(target)],
  },
  php: {
    probe: ["php", "--version"],
    prepare: () => stage("php", ["examples/php"], async () => undefined),
    command: (folder, target) => ["php", join(folder, "send-and-verify.php"), ...overHttp(target)],
  },
};

const generatorPackages = ["@bufbuild/protobuf", "@connectrpc/connect", "google-proto-files", "@types/node", "undici-types"];

function prepareTypescript(name: string, transport: string): Promise<string> {
  return stage(name, ["proto", `examples/${name}`], async (folder) => {
    linkPackages(folder, [...generatorPackages, transport]);
    await mustRun(["buf", "generate"], { cwd: folder, env: withTools });
    await checkTypes(folder);
  });
}
