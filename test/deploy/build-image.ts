/** What `docker build` does, without Docker: the steps of a Dockerfile, each in a root of its own, on this machine's own Debian. */
import { cp, mkdir, readFile, stat, symlink } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { execForm, type Instruction, pairsOf, readDockerfile, type Stage, wordsOf } from "./dockerfile.ts";
import { ignoredBy } from "./dockerignore.ts";
import { inRoot, run } from "./in-root.ts";

export type Image = {
  readonly root: string;
  readonly workdir: string;
  readonly user: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
};

type Build = { readonly context: string; readonly ignored: (path: string) => boolean; readonly images: Map<string, Image> };

/** Builds every stage under `folder`; gives the last one. */
export async function buildImage(context: string, folder: string): Promise<Image> {
  const [dockerfile, dockerignore] = await Promise.all(
    ["Dockerfile", ".dockerignore"].map((name) => readFile(join(context, name), "utf8")),
  );
  const build: Build = { context, ignored: ignoredBy(dockerignore ?? ""), images: new Map() };
  let image: Image | undefined;
  for (const [index, stage] of readDockerfile(dockerfile ?? "").entries()) {
    image = await buildStage(stage, join(folder, `${index}-${stage.name}`), build);
    build.images.set(stage.name, image);
  }
  if (!image) throw new Error("the Dockerfile has no stage");
  return image;
}

async function buildStage({ from, instructions }: Stage, root: string, build: Build): Promise<Image> {
  const base = build.images.get(from);
  if (base) await run("cp", ["-a", base.root, root]);
  else await layBase(root);
  let image: Image = { ...(base ?? { workdir: "/", user: "0:0", env: {}, command: [], healthCheck: [] }), root };
  for (const instruction of instructions) image = await applied(instruction, image, build);
  return image;
}

/** In the place of the base image: this machine's /usr and /etc. */
async function layBase(root: string): Promise<void> {
  for (const folder of ["usr", "dev", "proc", "tmp", "root", "opt", "var/lib"]) await mkdir(join(root, folder), { recursive: true });
  for (const name of ["bin", "sbin", "lib", "lib64"]) await symlink(`usr/${name}`, join(root, name));
  await run("cp", ["-a", "/etc", root]);
}

const steps: Readonly<Record<string, (instruction: Instruction, image: Image, build: Build) => Promise<Image> | Image>> = {
  async WORKDIR({ text }, image) {
    await mkdir(join(image.root, text), { recursive: true });
    return { ...image, workdir: text };
  },
  async RUN({ text, flags }, image) {
    await inRoot({ ...image, writable: true, network: flags.network !== "none", npm: true }, ["sh", "-c", text]);
    return image;
  },
  COPY: copy,
  ENV: (instruction, image) => ({ ...image, env: { ...image.env, ...pairsOf(instruction) } }),
  USER: ({ text }, image) => ({ ...image, user: text }),
  ENTRYPOINT: (instruction, image) => ({ ...image, command: execForm(instruction) }),
  HEALTHCHECK: ({ name, text }, image) => ({ ...image, healthCheck: execForm({ name, flags: {}, text: text.replace(/^CMD /, "") }) }),
  LABEL: (_, image) => image,
  EXPOSE: (_, image) => image,
  STOPSIGNAL: (_, image) => image,
};

function applied(instruction: Instruction, image: Image, build: Build): Promise<Image> | Image {
  const step = steps[instruction.name];
  if (!step) throw new Error(`no step for ${instruction.name}`);
  return step(instruction, image, build);
}

/** A folder's content goes into the target, a file under its name; all of it is root's, unless --chown says otherwise. */
async function copy(instruction: Instruction, image: Image, build: Build): Promise<Image> {
  const { from, chown = "0:0" } = instruction.flags;
  const words = wordsOf(instruction);
  const last = words.at(-1) ?? "";
  for (const word of words.slice(0, -1)) {
    const source = sourceOf(word, from, build);
    const isFolder = (await stat(source.path)).isDirectory();
    const target = join(image.root, resolve(image.workdir, last), !isFolder && last.endsWith("/") ? basename(word) : "");
    await mkdir(isFolder ? target : dirname(target), { recursive: true });
    await source.copyTo(target);
    await run("chown", ["-R", chown, target]);
  }
  return image;
}

type Source = { readonly path: string; readonly copyTo: (target: string) => Promise<unknown> };

function sourceOf(word: string, from: string | undefined, { context, ignored, images }: Build): Source {
  if (from === undefined) {
    if (ignored(word)) throw new Error(`COPY ${word}: left out by .dockerignore`);
    const path = join(context, word);
    const filter = (each: string) => !ignored(each.slice(context.length + 1));
    return { path, copyTo: (target) => cp(path, target, { recursive: true, filter }) };
  }
  const stage = images.get(from);
  if (!stage) throw new Error(`COPY --from=${from}: no such stage`);
  const path = join(stage.root, resolve(stage.workdir, word));
  // Links and not copies: a stage that others copy from is at its end, and is thrown away.
  return { path, copyTo: (target) => run("cp", ["-a", "-l", "-T", path, target]) };
}
