import type { DescEnum, DescEnumValue, DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";

type Described = DescMessage | DescField | DescEnum | DescEnumValue | DescService | DescMethod;

/** Field numbers of descriptor.proto, along which `SourceCodeInfo.Location.path` names a thing. */
const inFile = { message: 4, enum: 5, service: 6 } as const;
const inMessage = { field: 2, message: 3, enum: 4 } as const;
const inEnum = { value: 2 } as const;
const inService = { method: 2 } as const;

/** The comment above a thing of a `.proto` file, its lines joined where they only wrap. Throws where there is none. */
export function commentOf(desc: Described): string {
  const path = pathOf(desc).join(".");
  const { sourceCodeInfo } = fileOf(desc).proto;
  const comment = sourceCodeInfo?.location.find((each) => each.path.join(".") === path)?.leadingComments;
  if (!comment) throw new Error(`${desc.toString()} has no comment`);
  const paragraphs = comment.split(/\n *\n/).map((paragraph) => paragraph.trim().replace(/ *\n */g, " "));
  return paragraphs.join("\n\n");
}

function fileOf(desc: Described): DescFile {
  switch (desc.kind) {
    case "field":
    case "enum_value":
    case "rpc":
      return desc.parent.file;
    default:
      return desc.file;
  }
}

function pathOf(desc: Described): number[] {
  switch (desc.kind) {
    case "message":
      return desc.parent
        ? [...pathOf(desc.parent), inMessage.message, desc.parent.nestedMessages.indexOf(desc)]
        : [inFile.message, desc.file.messages.indexOf(desc)];
    case "enum":
      return desc.parent
        ? [...pathOf(desc.parent), inMessage.enum, desc.parent.nestedEnums.indexOf(desc)]
        : [inFile.enum, desc.file.enums.indexOf(desc)];
    case "field":
      return [...pathOf(desc.parent), inMessage.field, desc.parent.fields.indexOf(desc)];
    case "enum_value":
      return [...pathOf(desc.parent), inEnum.value, desc.parent.values.indexOf(desc)];
    case "service":
      return [inFile.service, desc.file.services.indexOf(desc)];
    case "rpc":
      return [...pathOf(desc.parent), inService.method, desc.parent.methods.indexOf(desc)];
  }
}
