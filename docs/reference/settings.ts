import { code, generatedBy, page, table } from "./markdown.ts";
import { elementsOf, notesOf, type Places, readSample, valuesOf, variantOf } from "./sample-notes.ts";
import { type Form, formOf, objectIn, optionsIn, rangeOf, type Schema, shown } from "./schema-form.ts";

type Section = { readonly heading: string; readonly rows: string[][] };
type At = { readonly path: string; readonly schema: Schema; readonly places: Places; readonly isRequired: boolean; readonly note: string };

const introduction = `Every setting of the configuration file, with its path: \`[]\` is each element of a list, \`NAME\` a name of your own. \`node src/main.ts check-config FILE\` names everything
that is wrong with a file; how settings depend on one another is for it to say. [\`countersign.sample.yaml\`](../../countersign.sample.yaml) has the same in the form of a file.

The environment overrides each setting: \`COUNTERSIGN__\` and the path, joined by \`__\`, positions in lists from 0, the value as in YAML (\`COUNTERSIGN__log__level=debug\`). A **secret** is a text, or
\`{ file: PATH }\`, or \`{ env: NAME }\`. A **group** holds the settings below it.`;

/** Groups with sections of their own, since there are many settings in one. */
const apart = /^applications\[\](\.\w+)?$/;

/** The reference of the configuration file: forms, defaults and ranges by its JSON Schema, meanings by the comments of the sample. */
export function writeSettings(schema: object, sample: string): string {
  const writer = createWriter();
  const root = schema as Schema;
  const places = readSample(sample);
  const names = Object.keys(root.properties ?? {});
  const notes = notesOf(places, names);
  for (const name of names) {
    const isRequired = (root.required ?? []).includes(name);
    const at = {
      path: name,
      schema: root.properties?.[name] ?? {},
      places: valuesOf(places, name),
      isRequired,
      note: notes.get(name) ?? "",
    };
    writer.begin(`## ${name}`);
    writer.add(at);
  }
  const sections = writer.sections.filter(({ rows }) => rows.length > 0);
  return page([
    "# Settings",
    generatedBy("the schema of the configuration and the comments of the sample"),
    introduction,
    ...sections.flatMap(({ heading, rows }) => [heading, table(["Setting", "Form", "Default", "Range", "Meaning"], rows)]),
  ]);
}

function createWriter() {
  const sections: Section[] = [];
  const begin = (heading: string): void => void sections.push({ heading, rows: [] });

  function add(at: At): void {
    const form = formOf(at.schema);
    if (apart.test(at.path) && form === "group") begin(`### ${code(at.path)}`);
    // A group that is there anyhow, and of which nothing is said, is told by its settings.
    const tells = form !== "group" || at.isRequired || at.note !== "" || at.schema.default === undefined;
    if (tells) sections.at(-1)?.rows.push(rowOf(at, form));
    addInside(at);
  }

  function addInside(at: At): void {
    const group = objectIn(at.schema);
    if (group?.properties) addProperties({ ...at, schema: group });
    else if (typeof group?.additionalProperties === "object") {
      addElement({ ...at, path: `${at.path}.NAME`, schema: group.additionalProperties, places: elementsOf(at.places) });
    }
    if (at.schema.items) addElement({ ...at, path: `${at.path}[]`, schema: at.schema.items, places: elementsOf(at.places) });
  }

  /** Of a list, or of a group with free names: one form, or variants that a setting tells apart. */
  function addElement(at: At): void {
    for (const { name, value, schema } of optionsIn(at.schema)) {
      begin(`### ${code(at.path)} with ${code(`${name}: ${value}`)}`);
      addProperties({ ...at, schema, places: variantOf(at.places, name, value) });
    }
    if (objectIn(at.schema)) addInside(at);
    else if (at.path.endsWith(".NAME") && !at.schema.oneOf)
      sections.at(-1)?.rows.push(rowOf({ ...at, note: "", isRequired: false }, formOf(at.schema)));
  }

  function addProperties({ path, schema, places }: At): void {
    const names = Object.keys(schema.properties ?? {});
    const notes = notesOf(places, names);
    const parts = names.map((name) => ({
      path: `${path}.${name}`,
      schema: schema.properties?.[name] ?? {},
      places: valuesOf(places, name),
      isRequired: (schema.required ?? []).includes(name),
      note: notes.get(name) ?? "",
    }));
    // Sections within begin after the settings that have none, or these would stand in them.
    const isApart = (part: At): boolean => apart.test(part.path) && formOf(part.schema) === "group";
    for (const part of [...parts.filter((each) => !isApart(each)), ...parts.filter(isApart)]) add(part);
  }

  return { sections, begin, add };
}

function rowOf({ path, schema, isRequired, note }: At, form: Form): string[] {
  const range = rangeOf(schema);
  const { description = "" } = schema;
  // What is said elsewhere in the sample is not elsewhere here.
  const own = description !== "" && /^As for \S+\.$/.test(note) ? "" : note;
  const fallback = isRequired ? "required" : shown(schema);
  return [
    code(path),
    form,
    fallback,
    own === "" && range === description ? "" : quiet(range),
    own === "" ? sentence(description) : quiet(own),
  ];
}

const sentence = (text: string): string => (text === "" ? "" : quiet(`${text.charAt(0).toUpperCase()}${text.slice(1)}.`));

/** What Markdown would take for its own, outside of code. */
const quiet = (text: string): string =>
  text
    .split(/(`[^`\n]*`)/)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(/[*<\\]/g, "\\$&")))
    .join("");
