/** Kubernetes manifests, held against the Kubernetes project's own schemas. */
import { execFile } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { newFolder } from "../process/service.ts";
import { list, read, root } from "./files.ts";

export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
};

export function readManifests(folder: string): readonly Manifest[] {
  const files = list(folder).filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml");
  return files.flatMap((name) =>
    parseAllDocuments(read(`${folder}/${name}`)).map((document) => {
      if (document.errors.length > 0) throw new Error(`${name}: ${document.errors.join("; ")}`);
      return document.toJS() as Manifest;
    }),
  );
}

/** What its kind's schema says against it; that schema says nothing of fields it does not know. */
export async function misfits(manifest: Manifest): Promise<string[]> {
  const { [manifest.kind]: Model } = (await import(moduleOf(manifest))) as Record<string, new (data: object) => { validate(): void }>;
  if (!Model) throw new Error(`no schema for ${manifest.apiVersion} ${manifest.kind}`);
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

/** Fields that its kind does not have, as the compiler tells of a literal. */
export async function unknownFields(manifests: readonly Manifest[]): Promise<string[]> {
  const folder = newFolder();
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  const source = manifests.map((manifest, index) => {
    const type = `I${manifest.kind}`;
    return `import type { ${type} as T${index} } from "${moduleOf(manifest)}";\nexport const m${index}: T${index} = ${JSON.stringify(manifest)};\n`;
  });
  writeFileSync(join(folder, "manifests.ts"), source.join(""));
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2024", "--module", "nodenext", "--types", ""];
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout } = await promisify(execFile)(tsc, [...options, "manifests.ts"], { cwd: folder }).catch(
    (error: { stdout: string }) => error,
  );
  return stdout.split("\n").filter((line) => line.includes("error TS"));
}

const moduleOf = ({ apiVersion, kind }: Manifest): string => `kubernetes-models/${apiVersion}/${kind}`;
