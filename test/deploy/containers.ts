/** The image of the Dockerfile, built and run: by Docker where its daemon answers, and otherwise by the same steps without it. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImage } from "./build-image.ts";
import { hasRoots, inRoot, run, startInRoot } from "./in-root.ts";

export type Containers = {
  /** Runs a shell command in the image, as its user, and gives what it wrote. */
  readonly shell: (script: string) => Promise<string>;
  readonly start: (options: Start) => Promise<Container>;
  readonly close: () => Promise<unknown>;
};

export type Start = { readonly env: Readonly<Record<string, string>>; readonly volumes: Readonly<Record<string, string>> };

export type Container = {
  readonly output: () => string;
  /** A command beside the service, as `docker exec` has it. */
  readonly exec: (command: readonly string[]) => Promise<string>;
  readonly terminate: () => Promise<unknown>;
  readonly exited: Promise<number | null>;
  readonly kill: () => void;
};

const context = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

export async function chooseContainers(): Promise<(() => Promise<Containers>) | undefined> {
  const docker = await run("docker", ["info"], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
  if (docker) return buildWithDocker;
  return (await hasRoots()) ? buildWithoutDocker : undefined;
}

async function buildWithoutDocker(): Promise<Containers> {
  const folder = await mkdtemp(join(await roomiest(), "countersign-image-"));
  // The service's user has to get through it.
  await chmod(folder, 0o711);
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const image = await buildImage(context, folder);
    return {
      shell: (script) => inRoot(image, ["sh", "-c", script]),
      async start({ env, volumes }) {
        const root = { ...image, env: { ...image.env, ...env }, volumes };
        const child = await startInRoot(root, image.command);
        return {
          ...follow(child),
          exec: (command) => inRoot(root, command),
          terminate: async () => process.kill(await firstProcess(child), "SIGTERM"),
          kill: () => child.kill("SIGKILL"),
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** In memory where there is room for it: some ten thousand small files take minutes on a disk that other tests use. */
async function roomiest(): Promise<string> {
  const { bavail, bsize } = await statfs("/dev/shm").catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize > 4 * 2 ** 30 ? "/dev/shm" : tmpdir();
}

/** Not `unshare`, which waits for it, but what is process 1 in there. */
async function firstProcess({ pid }: ChildProcess): Promise<number> {
  const first = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  const [, seenInside] = /^NSpid:\s+\d+\s+(\d+)$/m.exec(await readFile(`/proc/${first}/status`, "utf8")) ?? [];
  if (seenInside !== "1") throw new Error(`process ${first} is not process 1 of its container`);
  return Number(first);
}

async function buildWithDocker(): Promise<Containers> {
  const tag = `countersign-test-${randomUUID()}`;
  await run("docker", ["build", "--tag", tag, context], { maxBuffer: 2 ** 26 });
  const guarded = ["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "host"];
  return {
    shell: async (script) => (await run("docker", ["run", "--rm", ...guarded, "--entrypoint", "sh", tag, "-c", script])).stdout,
    async start({ env, volumes }) {
      const name = `${tag}-${randomUUID()}`;
      const child = spawn("docker", [
        ...["run", "--rm", "--name", name, ...guarded],
        ...Object.entries(env).flatMap(([variable, value]) => ["--env", `${variable}=${value}`]),
        ...Object.entries(volumes).flatMap(([target, source]) => ["--volume", `${source}:${target}`]),
        tag,
      ]);
      return {
        ...follow(child),
        exec: async (command) => (await run("docker", ["exec", name, ...command])).stdout,
        terminate: () => run("docker", ["kill", "--signal", "TERM", name]),
        kill: () => void run("docker", ["kill", name]).catch(() => child.kill("SIGKILL")),
      };
    },
    close: () => run("docker", ["image", "rm", "--force", tag]),
  };
}

function follow(child: ChildProcess): Pick<Container, "output" | "exited"> {
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  return {
    output: () => Buffer.concat(chunks).toString(),
    exited: once(child, "close").then(([code]) => code as number | null),
  };
}
