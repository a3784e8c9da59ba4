/** Whether a path of the context is left out: of the patterns that fit it, or a folder above it, the last one decides. */
export function ignoredBy(source: string): (path: string) => boolean {
  const patterns = source
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keeps: line.startsWith("!"), form: formOf(line.replace(/^!/, "").replace(/\/$/, "")) }));
  return (path) => {
    const parts = path.split("/");
    const itAndAbove = parts.map((_, index) => parts.slice(0, index + 1).join("/"));
    const last = patterns.findLast(({ form }) => itAndAbove.some((each) => form.test(each)));
    return last !== undefined && !last.keeps;
  };
}

/** As Docker reads them: `*` fits names with a leading dot too, unlike in a shell. */
function formOf(glob: string): RegExp {
  const source = glob.replaceAll(/\*\*\/|\*|\?|[^\w/]/g, (part) => ({ "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]" })[part] ?? `\\${part}`);
  return new RegExp(`^${source}$`);
}
