/** A Dockerfile as its instructions: the forms that ours is written in, and an error for every other one. */

export type Instruction = {
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  /** What follows the flags, continued lines joined. */
  readonly text: string;
};

export type Stage = { readonly from: string; readonly name: string; readonly instructions: readonly Instruction[] };

export function readDockerfile(source: string): readonly Stage[] {
  const stages: { from: string; name: string; instructions: Instruction[] }[] = [];
  for (const instruction of instructionsOf(source)) {
    const [, from, name] = instruction.name === "FROM" ? (/^(\S+)(?: AS (\S+))?$/.exec(instruction.text) ?? []) : [];
    if (from) stages.push({ from, name: name ?? "", instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else throw new Error(`${instruction.name} before the first FROM`);
  }
  return stages;
}

/** The arguments of an instruction in exec form. */
export function execForm({ name, text }: Instruction): readonly string[] {
  const words: unknown = text.startsWith("[") ? JSON.parse(text) : undefined;
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) throw new Error(`${name} is not in exec form: ${text}`);
  return words;
}

/** `NAME=VALUE …`, values with or without double quotes. */
export function pairsOf({ text }: Instruction): Readonly<Record<string, string>> {
  return Object.fromEntries([...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}

export const wordsOf = ({ text }: Instruction): readonly string[] => text.split(/\s+/);

function instructionsOf(source: string): Instruction[] {
  const lines = source.split("\n").filter((line) => !/^\s*(#|$)/.test(line));
  const joined = lines.join("\n").replaceAll(/\\\n\s*/g, "");
  return joined.split("\n").map((line) => {
    const [, name = "", flags = "", text = ""] = /^([A-Z]+)((?: --[a-z-]+=\S+)*) (.+)$/.exec(line) ?? [];
    if (name === "") throw new Error(`not an instruction as this Dockerfile has them: ${line}`);
    const pairs = [...flags.matchAll(/--([a-z-]+)=(\S+)/g)].map(([, flag, value]) => [flag, value]);
    return { name, flags: Object.fromEntries(pairs), text: text.trim() };
  });
}
