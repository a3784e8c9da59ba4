import type { DescFile } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.js";
import { toBuffer } from "./grpc-status.ts";
import { addLazyService, type Loaded, loadedFrom } from "./lazy-service.ts";
import type { Service } from "./service.ts";

/** One protocol under two names: many tools know only the older. */
const names = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"] as const;

/** Lets grpcurl and its like list and call the services, from the very descriptors the code runs on. */
export function addReflection(server: Server, services: readonly Service[]): void {
  let loading: Promise<readonly Loaded[]> | undefined;
  for (const [index, name] of names.entries()) {
    const load = async (): Promise<Loaded> => {
      loading ??= loadReflection(services);
      return (await loading)[index] as Loaded;
    };
    addLazyService(server, { name, methods: { ServerReflectionInfo: "bothStream" }, load });
  }
}

/** In the order of `names`. */
async function loadReflection(services: readonly Service[]): Promise<readonly Loaded[]> {
  const [{ ReflectionService }, { service: health }] = await Promise.all([import("@grpc/reflection"), import("grpc-health-check")]);
  const files = new Set<DescFile>();
  // Not imported by the contract, but found inside its errors.
  for (const root of [...services.map(({ service }) => service.file), file_google_rpc_error_details]) collect(root, files);
  const protos = [...[...files].map(({ proto }) => proto), ...healthFiles(health as unknown as HealthDefinition)];
  // The package asks for the output of proto-loader, but reads only the descriptors in it.
  const definition = { "": { fileDescriptorProtos: protos.map((proto) => toBuffer(toBinary(FileDescriptorProtoSchema, proto))) } };
  const listed = [...services.map(({ service }) => service.typeName), "grpc.health.v1.Health"];
  return loadedFrom(new ReflectionService(definition as never, { services: listed }));
}

function collect(file: DescFile, into: Set<DescFile>): void {
  if (into.has(file)) return;
  into.add(file);
  for (const dependency of file.dependencies) collect(dependency, into);
}

type HealthDefinition = { readonly Check: { readonly requestType: { readonly fileDescriptorProtos: readonly Uint8Array[] } } };

/** proto-loader drops `Entry` from the names of map entries, and Go's tools refuse the whole file for it. */
function healthFiles({ Check }: HealthDefinition): FileDescriptorProto[] {
  const files = Check.requestType.fileDescriptorProtos.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  for (const message of files.flatMap((file) => file.messageType)) {
    for (const entry of message.nestedType.filter(({ name, options }) => options?.mapEntry && !name.endsWith("Entry"))) {
      for (const field of message.field.filter(({ typeName }) => typeName === entry.name)) field.typeName = `${entry.name}Entry`;
      entry.name = `${entry.name}Entry`;
    }
  }
  return files;
}
