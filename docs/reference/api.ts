import type { DescEnum, DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import { commentOf } from "../openapi/comments.ts";
import { anchorOf, code, generatedBy, page, table } from "./markdown.ts";

/** In the order in which they are met; a file that is not listed comes after these. */
const first = ["code_service", "proof_service", "authenticator_service", "admin_service"];
const elsewhere = "error_reason";

const introduction = `The contract is [\`proto/countersign/v1\`](../../proto/countersign/v1); its comments are what follows. Over JSON, a call is a POST of its request to
\`/countersign.v1.SERVICE/METHOD\` with \`content-type: application/json\`, and fields have the names in the column JSON. What every reason means:
[\`errors.md\`](errors.md). The JSON wire as OpenAPI: [\`openapi.yaml\`](../openapi.yaml).`;

/** The reference of all services: calls, messages and enums, by the comments of the contract. */
export function writeApi(contract: ReadonlyMap<string, DescFile>): string {
  const names = [...first, ...[...contract.keys()].filter((name) => !first.includes(name) && name !== elsewhere).sort()];
  const files = names.map((name) => contract.get(name)).filter((file) => file !== undefined);
  const index = files.flatMap(({ services }) => services.flatMap(({ methods }) => methods.map(indexRow)));
  return page([
    "# API reference",
    generatedBy("the contract"),
    introduction,
    table(["Call", "What it does"], index),
    ...files.flatMap(describeFile),
  ]);
}

const indexRow = (method: DescMethod): string[] => {
  const [summary = ""] = commentOf(method).split(/(?<=\.) |\n\n/);
  return [link(nameOf(method)), summary];
};

const describeFile = ({ services, messages, enums }: DescFile): string[] => [
  ...services.flatMap(describeService),
  ...messages.flatMap(describeMessage),
  ...enums.flatMap(describeEnum),
];

const describeService = (service: DescService): string[] => [
  `## ${service.name}`,
  commentOf(service),
  ...service.methods.flatMap((method) => [
    `### ${nameOf(method)}`,
    `${link(method.input.name)} → ${method.methodKind === "server_streaming" ? "stream of " : ""}${link(method.output.name)}`,
    commentOf(method),
  ]),
];

function describeMessage(message: DescMessage): string[] {
  const rows = message.fields.map((field) => [code(field.name), code(field.jsonName), typeOf(field), meaningOf(field)]);
  return [
    `### ${message.name}`,
    commentOf(message),
    rows.length > 0 ? table(["Field", "JSON", "Type", "Meaning"], rows) : "",
    ...message.nestedMessages.flatMap(describeMessage),
    ...message.nestedEnums.flatMap(describeEnum),
  ];
}

function meaningOf(field: DescField): string {
  const { oneof } = field;
  return oneof ? `One of ${oneof.fields.map(({ name }) => code(name)).join(", ")}. ${commentOf(field)}` : commentOf(field);
}

const describeEnum = (desc: DescEnum): string[] => [
  `### ${desc.name}`,
  commentOf(desc),
  table(
    ["Value", "Number", "Meaning"],
    desc.values.map((value) => [code(value.name), String(value.number), commentOf(value)]),
  ),
];

function typeOf(field: DescField): string {
  const single = field.message?.typeName.startsWith("google.")
    ? code(field.message.typeName)
    : field.message || field.enum
      ? link((field.message ?? field.enum)?.name ?? "")
      : code(scalarName(field.scalar));
  if (field.fieldKind === "list") return `list of ${single}`;
  return field.fieldKind === "map" ? `map from ${code(scalarName(field.mapKey))} to ${single}` : single;
}

const scalarName = (scalar: ScalarType | undefined): string => ScalarType[scalar ?? ScalarType.STRING].toLowerCase();

const nameOf = (method: DescMethod): string => `${method.parent.name}.${method.name}`;

const link = (heading: string): string => `[${heading}](#${anchorOf(heading)})`;
