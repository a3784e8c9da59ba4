import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

/** Sources by their path under src/. */
export type Sources = Readonly<Record<string, string>>;

/** Which folders and files of src/ each may import, besides itself. A name with a slash is one file only. */
const mayImport: Readonly<Record<string, readonly string[] | "all">> = {
  otp: [],
  channels: ["otp"],
  providers: ["otp"],
  store: ["otp"],
  abuse: ["otp"],
  tokens: ["otp"],
  telemetry: ["otp"],
  rpc: ["otp", "gen"],
  http: ["otp", "gen"],
  config: [
    "otp",
    "abuse/judge-traffic.ts",
    "channels/check-template.ts",
    "channels/phone-library.ts",
    "providers/aws-kms-config.ts",
    "providers/captcha-config.ts",
    "providers/create-provider.ts",
    "providers/lookup-config.ts",
  ],
  commands: ["assemble", "channels/preview.ts", "channels/recipient.ts", "config", "otp", "rpc/auth.ts", "telemetry"],
  assemble: "all",
  workers: ["app.ts", "assemble", "config", "otp/pause.ts", "telemetry"],
  "app.ts": "all",
  "main.ts": ["app.ts", "assemble/open-store.ts", "commands", "config", "telemetry", "workers"],
};

/** What the rules may import from outside of src/. */
const outsideOfOtp = ["node:crypto"];

/** Text that may stand in these files only. Comments do not count. */
const reserved: readonly { readonly text: RegExp; readonly files: readonly string[]; readonly why: string }[] = [
  { text: /\bprocess\.env\b|\benv\b[^;]*from "node:process"/, files: ["main.ts"], why: "reads the environment" },
  { text: /\bDate\.now\b|\bnew Date\(\s*\)/, files: ["app.ts"], why: "reads the clock, which is given" },
  { text: /\bMath\.random\b/, files: [], why: "uses a random source that can be predicted" },
  { text: /^export default\b/m, files: [], why: "exports without a name" },
  { text: /^export \*/m, files: [], why: "exports everything" },
];

const maxLines = 250;

/** Everything that breaks a rule of the layout, as sentences. */
export function findViolations(sources: Sources): string[] {
  return [
    ...Object.entries(sources).flatMap(([file, source]) => [
      ...checkShape(file, source),
      ...checkText(file, source),
      ...checkImports(file, source),
    ]),
    ...findCycles(sources),
  ];
}

function checkShape(file: string, source: string): string[] {
  const lines = source.split("\n").length - 1;
  return [
    ...(lines > maxLines ? [`${file} has ${lines} lines`] : []),
    ...(file.split("/").length > 2 ? [`${file} is more than one folder deep`] : []),
    ...(/(^|\/)index\.ts$/.test(file) ? [`${file} is a barrel`] : []),
    ...(partOf(file) in mayImport ? [] : [`${file} is in no row of the table`]),
  ];
}

function checkText(file: string, source: string): string[] {
  const code = withoutComments(source);
  return reserved.filter(({ text, files }) => text.test(code) && !files.includes(file)).map(({ why }) => `${file} ${why}`);
}

function checkImports(file: string, source: string): string[] {
  return importsOf(source).flatMap((specifier) => {
    if (!specifier.startsWith(".")) {
      return partOf(file) === "otp" && !outsideOfOtp.includes(specifier) ? [`${file} imports ${specifier}`] : [];
    }
    const target = join(dirname(file), specifier);
    if (!/\.(ts|js)$/.test(target)) return [`${file} imports ${specifier}, which is not the name of a file`];
    return isAllowed(partOf(file), target) ? [] : [`${file} imports ${target}`];
  });
}

function isAllowed(part: string, target: string): boolean {
  const allowed = mayImport[part];
  if (allowed === "all" || partOf(target) === part) return true;
  return allowed?.some((name) => name === target || name === partOf(target)) ?? false;
}

/** Cycles of what is loaded: types and imports that wait do not count. */
function findCycles(sources: Sources): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push(`${[...path.slice(path.indexOf(file)), file].join(" → ")} is a cycle`);
    if (path.includes(file) || done.has(file)) return;
    const source = sources[file];
    for (const specifier of source === undefined ? [] : staticImports(stripTypeScriptTypes(source))) {
      if (specifier.startsWith(".")) visit(join(dirname(file), specifier), [...path, file]);
    }
    done.add(file);
  };
  for (const file of Object.keys(sources)) visit(file, []);
  return cycles;
}

/** `otp` of `otp/code.ts`, `app.ts` of `app.ts`. */
const partOf = (file: string): string => file.split("/")[0] ?? file;

const staticImports = (source: string): string[] =>
  [...source.matchAll(/^\s*(?:import|export)\b(?:[^"';()]*?\bfrom)?\s*"([^"]+)"/gm)].map(([, specifier]) => specifier ?? "");

const importsOf = (source: string): string[] => [
  ...staticImports(source),
  ...[...withoutComments(source).matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g)].map(([, specifier]) => specifier ?? ""),
  ...[...withoutComments(source).matchAll(/new URL\(\s*"(\.[^"]+\.ts)"\s*,\s*import\.meta\.url/g)].map(([, specifier]) => specifier ?? ""),
];

const withoutComments = (source: string): string => source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
