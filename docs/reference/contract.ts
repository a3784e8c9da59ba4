import { execFileSync } from "node:child_process";
import { createFileRegistry, type DescFile, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { root } from "./root.ts";

/** The files of the contract as buf reads them, comments included, by the name of the file without folder and ending. */
export function loadContract(): ReadonlyMap<string, DescFile> {
  const buf = ["build", "proto", "--as-file-descriptor-set", "-o", "-"];
  const bytes = execFileSync(`${root}node_modules/.bin/buf`, buf, { cwd: root, maxBuffer: 2 ** 24 });
  const files = [...createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).files];
  const ours = files.filter(({ proto }) => proto.package === "countersign.v1");
  return new Map(ours.map((file) => [file.name.slice(file.name.lastIndexOf("/") + 1), file]));
}
