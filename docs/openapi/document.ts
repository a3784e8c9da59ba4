import { createFileRegistry, type DescMethod, type DescService, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { commentOf } from "./comments.ts";
import { describeErrors, errorSchemas, readReasons } from "./errors.ts";
import { describeMessages, reference, type Schema } from "./schemas.ts";

/** Services that answer on a gRPC listener of their own, and not in JSON. */
const withoutJson = ["countersign.v1.AdminService"];

const introduction = `Generated from \`proto/\`, whose comments are the reference. Every call is a POST of JSON by the Connect protocol; the same calls, and
WatchChallenge, which is a stream, are there over gRPC, gRPC-Web and Connect. OK means done; every other outcome is an \`Error\` with a reason.`;

/** An OpenAPI 3.1 document of what the services in a descriptor set (with source info) answer in JSON. */
export function writeOpenApi(descriptors: Uint8Array, version: string): Schema {
  const set: FileDescriptorSet = fromBinary(FileDescriptorSetSchema, descriptors);
  const registry = createFileRegistry(set);
  const files = [...registry.files].filter(({ proto }) => proto.package === "countersign.v1");
  const services = files.flatMap((file) => file.services).filter(({ typeName }) => !withoutJson.includes(typeName));
  const reasonsEnum = registry.getEnum("countersign.v1.ErrorReason");
  if (!reasonsEnum) throw new Error("there is no countersign.v1.ErrorReason");
  const reasons = readReasons(reasonsEnum);
  const methods = services.flatMap((service) => service.methods).filter(({ methodKind }) => methodKind === "unary");
  const messages = methods.flatMap(({ input, output }) => [input, output]);
  return {
    openapi: "3.1.0",
    info: { title: "Countersign", version, description: introduction.replaceAll("\n", " ") },
    servers: [{ url: "http://127.0.0.1:8080", description: "Development mode, which needs no key." }],
    security: [{ key: [] }, {}],
    tags: services.map((service) => ({ name: service.name, description: commentOf(service) })),
    paths: Object.fromEntries(methods.map((method) => [pathOf(method), { post: operation(method, describeErrors(method, reasons)) }])),
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "A key of the application, as `make-key` prints it." } },
      schemas: { ...describeMessages(messages), ...errorSchemas(reasons) },
    },
  };
}

const pathOf = (method: DescMethod): string => `/${method.parent.typeName}/${method.name}`;

function operation(method: DescMethod, errors: Record<string, Schema>): Schema {
  const [summary = ""] = commentOf(method).split(/(?<=\.) |\n\n/);
  return {
    operationId: operationId(method.parent, method),
    tags: [method.parent.name],
    summary,
    description: commentOf(method),
    requestBody: { required: true, content: { "application/json": { schema: reference(method.input) } } },
    responses: {
      200: { description: commentOf(method.output), content: { "application/json": { schema: reference(method.output) } } },
      ...errors,
    },
  };
}

const operationId = (service: DescService, method: DescMethod): string => `${service.name}_${method.name}`;
