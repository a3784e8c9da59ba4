import { expect, test } from "vitest";
import { readPages } from "./markdown-files.ts";
import { problemsOf } from "./mermaid.ts";

const diagrams = readPages().flatMap(({ path, fences }) =>
  fences.filter(({ info }) => info === "mermaid").map((fence) => [`${path}:${fence.line}`, fence.text] as const),
);

test("the architecture is drawn: its parts, the way of a send and of a verification, and the states", () => {
  const kinds = diagrams.filter(([where]) => where.startsWith("docs/architecture.md")).map(([, text]) => text.split(/\s/)[0]);
  expect(kinds.filter((kind) => kind === "sequenceDiagram").length).toBeGreaterThanOrEqual(2);
  expect(kinds).toEqual(expect.arrayContaining(["flowchart", "stateDiagram-v2"]));
});

test.each(diagrams)("the diagram at %s is well formed", (_where, text) => {
  expect(problemsOf(text)).toEqual([]);
});

test.each([
  ["another kind", "flow LR\n  a --> b", ['"flow LR" is no kind of diagram']],
  ["an arrow to nowhere", "flowchart LR\n  a -->", ['"a -->" is no line of a flowchart']],
  [
    "a bracket that stays open",
    'flowchart LR\n  a["A (b"] --> b[B',
    ['"a[\\"A (b\\"] --> b[B" has brackets or quotes that are not closed'],
  ],
  ["a block that stays open", "sequenceDiagram\n  alt right\n  A->>B: x", ["has blocks that are not closed"]],
  ["a message without words", "sequenceDiagram\n  A->>B", ['"A->>B" is no line of a sequence']],
  ["a state that goes nowhere", "stateDiagram-v2\n  [*] -->", ['"[*] -->" is no line of a state']],
  ["nothing", "stateDiagram-v2\n", ["says nothing"]],
])("%s is noticed", (_name, text, problems) => {
  expect(problemsOf(text)).toEqual(problems);
});
