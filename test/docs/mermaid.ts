/** Whether a diagram is one, as far as its text tells: a kind that is known, brackets and blocks that are closed, lines that say something. */
const kinds: Readonly<Record<string, RegExp>> = {
  flowchart: /^(flowchart|graph) (TB|TD|BT|LR|RL)$/,
  sequence: /^sequenceDiagram$/,
  state: /^stateDiagram-v2$/,
};

const lines: Readonly<Record<string, RegExp>> = {
  flowchart:
    /^(subgraph \w+( ?\[.+\])?|end|direction (TB|LR)|\w+[[({].+|\w+ (-->|-\.->|---|==>)(\|[^|]+\|)? \w+.*|(classDef|class|style) .+)$/,
  sequence:
    /^((participant|actor) \w+( as .+)?|\w+(->>|-->>|-\)|--\)|-x)[+-]?\w+: .+|Note (over|left of|right of) \w+(,\w+)?: .+|(alt|else|opt|loop|par|and|critical|rect|break)( .+)?|end|autonumber|(de)?activate \w+)$/,
  state:
    /^(\[\*\] --> \w+(: ?.+)?|\w+ --> (\[\*\]|\w+)( ?: ?.+)?|state ("[^"]+" as )?\w+( \{)?|\w+ ?: .+|\}|direction (TB|LR)|note (left|right) of \w+.*|end note)$/,
};

const opens = /^(subgraph|alt|opt|loop|par|critical|rect|break)\b|\{$/;

/** What is wrong with a diagram; nothing where it is well formed. */
export function problemsOf(diagram: string): string[] {
  const [first = "", ...rest] = diagram.split("\n").map((line) => line.replace(/%%.*$/, "").trim());
  const kind = Object.keys(kinds).find((name) => kinds[name]?.test(first));
  if (!kind) return [`${JSON.stringify(first)} is no kind of diagram`];
  const written = rest.filter((line) => line !== "");
  if (written.length === 0) return ["says nothing"];
  const unknown = written.filter((line) => !lines[kind]?.test(line)).map((line) => `${JSON.stringify(line)} is no line of a ${kind}`);
  const unbalanced = written
    .filter((line) => !isBalanced(line))
    .map((line) => `${JSON.stringify(line)} has brackets or quotes that are not closed`);
  const depth = written.filter((line) => opens.test(line)).length - written.filter((line) => line === "end" || line === "}").length;
  return [...unknown, ...unbalanced, ...(depth === 0 ? [] : ["has blocks that are not closed"])];
}

const pairs: Readonly<Record<string, string>> = { "]": "[", ")": "(", "}": "{" };

function isBalanced(line: string): boolean {
  if (line.endsWith(" {") || line === "}") return true;
  const open: string[] = [];
  const quoted = line.split('"');
  // Arrows such as -) and -x have brackets of their own.
  for (const character of quoted
    .filter((_, at) => at % 2 === 0)
    .join("")
    .replace(/--?\)/, "")) {
    if ("[({".includes(character)) open.push(character);
    else if (character in pairs && open.pop() !== pairs[character]) return false;
  }
  return open.length === 0 && quoted.length % 2 === 1;
}
