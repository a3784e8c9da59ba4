import type { DescFile } from "@bufbuild/protobuf";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { service as health } from "grpc-health-check";
import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.js";
import { toBuffer } from "./grpc-status.ts";
import type { Service } from "./service.ts";

/** Lets grpcurl and its like list and call the services, from the very descriptors the code runs on. */
export function addReflection(server: Server, services: readonly Service[]): void {
  const files = new Set<DescFile>();
  // Not imported by the contract, but found inside its errors.
  for (const root of [...services.map(({ service }) => service.file), file_google_rpc_error_details]) collect(root, files);
  const protos = [...[...files].map(({ proto }) => proto), ...healthFiles()];
  // The package asks for the output of proto-loader, but reads only the descriptors in it.
  const definition = { "": { fileDescriptorProtos: protos.map((proto) => toBuffer(toBinary(FileDescriptorProtoSchema, proto))) } };
  const names = [...services.map(({ service }) => service.typeName), "grpc.health.v1.Health"];
  new ReflectionService(definition as never, { services: names }).addToServer(server);
}

function collect(file: DescFile, into: Set<DescFile>): void {
  if (into.has(file)) return;
  into.add(file);
  for (const dependency of file.dependencies) collect(dependency, into);
}

type Loaded = { readonly Check: { readonly requestType: { readonly fileDescriptorProtos: readonly Uint8Array[] } } };

/** proto-loader drops `Entry` from the names of map entries, and Go's tools refuse the whole file for it. */
function healthFiles(): FileDescriptorProto[] {
  const files = (health as unknown as Loaded).Check.requestType.fileDescriptorProtos.map((bytes) =>
    fromBinary(FileDescriptorProtoSchema, bytes),
  );
  for (const message of files.flatMap((file) => file.messageType)) {
    for (const entry of message.nestedType.filter(({ name, options }) => options?.mapEntry && !name.endsWith("Entry"))) {
      for (const field of message.field.filter(({ typeName }) => typeName === entry.name)) field.typeName = `${entry.name}Entry`;
      entry.name = `${entry.name}Entry`;
    }
  }
  return files;
}
