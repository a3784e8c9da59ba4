import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type Root = {
  readonly root: string;
  readonly workdir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly writable?: boolean;
  readonly network?: boolean;
  /** With the packages that npm has fetched before, and what it needs to fetch more. */
  readonly npm?: boolean;
  /** Folders of this machine, by where they are inside. */
  readonly volumes?: Readonly<Record<string, string>>;
};

const script = fileURLToPath(new URL("in-root.sh", import.meta.url));

export const run = promisify(execFile);

/** Whether this machine lets us have roots of our own. */
export const hasRoots = (): Promise<boolean> =>
  run("unshare", [
    "--mount",
    "--pid",
    "--net",
    "--fork",
    "sh",
    "-c",
    "mount -t tmpfs tmpfs /mnt && command -v setpriv && command -v chroot",
  ]).then(
    () => process.getuid?.() === 0,
    () => false,
  );

/** Runs a command to its end; rejects, with what it wrote, when it fails. */
export async function inRoot(root: Root, command: readonly string[]): Promise<string> {
  const child = await startInRoot(root, command);
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((settle, reject) => child.once("error", reject).once("close", settle));
  const output = Buffer.concat(chunks).toString();
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${output}`);
  return output;
}

/** The command is process 1 of its own, and is killed when `unshare`, which is the child here, is. */
export async function startInRoot(root: Root, command: readonly string[]): Promise<ChildProcess> {
  const npmCache = process.env.npm_config_cache ?? join(homedir(), ".npm");
  if (root.npm) await mkdir(npmCache, { recursive: true });
  const volumes = {
    "/opt/node": dirname(await realpath(process.execPath)),
    ...(root.npm && { "/var/cache/npm": npmCache }),
    ...root.volumes,
  };
  const env = {
    PATH: "/opt/node:/usr/bin:/bin",
    HOME: "/root",
    ...(root.npm && { npm_config_cache: "/var/cache/npm", npm_config_prefer_offline: "true", ...certificates() }),
    ...root.env,
  };
  const args = [
    ...["--mount", "--pid", "--fork", "--kill-child", ...(root.network === false ? ["--net"] : [])],
    ...[script, root.root, root.writable ? "rw" : "ro", root.user, root.workdir],
    ...Object.entries(volumes).flatMap(([target, source]) => [source, target]),
    ...["--", ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...command],
  ];
  return spawn("unshare", args, { stdio: ["ignore", "pipe", "pipe"] });
}

/** Where this machine reaches registries through an authority of its own. */
const certificates = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/.test(name))) as Record<
    string,
    string
  >;
