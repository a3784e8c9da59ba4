import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { judgeAudit } from "../../supply/audit.ts";
import { findForeignLicences } from "../../supply/licences.ts";

const part = (...licenses: object[]) => ({ components: [{ name: "part", version: "1.0.0", licenses }] });

test.each([
  ["one licence", part({ license: { id: "MIT" } })],
  ["either of two", part({ expression: "(GPL-2.0-only OR MIT)" })],
  ["both of two", part({ expression: "MIT AND ISC" })],
  ["a name in place of an id", part({ license: { name: "Apache-2.0" } })],
])("%s is accepted", (_name, sbom) => {
  expect(findForeignLicences(sbom)).toEqual([]);
});

test.each([
  ["another licence", part({ license: { id: "GPL-3.0-only" } }), "part@1.0.0 is under GPL-3.0-only"],
  ["none", part(), "part@1.0.0 is under no licence that it names"],
  ["one of two that both hold", part({ expression: "MIT AND SSPL-1.0" }), "part@1.0.0 is under MIT AND SSPL-1.0"],
  ["a second one beside", part({ license: { id: "MIT" } }, { license: { id: "BUSL-1.1" } }), "part@1.0.0 is under MIT and BUSL-1.1"],
  [
    "an expression that is not understood",
    part({ expression: "MIT OR ISC AND GPL-2.0-only" }),
    "part@1.0.0 is under MIT OR ISC AND GPL-2.0-only",
  ],
])("%s is not", (_name, sbom, problem) => {
  expect(findForeignLicences(sbom)).toEqual([problem]);
});

test("a vulnerability of high severity stands in the way, a moderate one does not, and a registry that knows none is told of", () => {
  const finding = (severity: string) => ({ name: "part", severity, range: "<2", fixAvailable: true });
  expect(judgeAudit({ vulnerabilities: { part: finding("high") } })).toEqual({
    status: "vulnerable",
    found: ["part <2 (high, a fix is available)"],
  });
  expect(judgeAudit({ vulnerabilities: { part: finding("moderate") } })).toEqual({ status: "clean" });
  expect(judgeAudit({ message: "405 Method Not Allowed - POST https://registry.example/advisories" })).toEqual({
    status: "not_asked",
    why: "405 Method Not Allowed - POST …",
  });
});

test("every dependency is pinned to one version, and those that are shipped stand in the README's table of parts", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, Record<string, string>>;
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  expect(loose).toEqual([]);
  const readme = readFileSync("README.md", "utf8");
  expect(Object.keys(dependencies ?? {}).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

test("what may run a script when it is installed is listed, and is little", () => {
  const { allowScripts } = JSON.parse(readFileSync("package.json", "utf8")) as { allowScripts: Record<string, boolean> };
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, { hasInstallScript?: true }> };
  const scripted = Object.entries(lock.packages).flatMap(([path, { hasInstallScript }]) =>
    hasInstallScript && path ? [path.replace(/^.*node_modules\//, "")] : [],
  );
  expect(new Set(scripted)).toEqual(new Set(Object.keys(allowScripts)));
  expect(Object.entries(allowScripts).flatMap(([name, may]) => (may ? [name] : []))).toEqual(["node", "@bufbuild/buf"]);
});

test("everything installs without a warning on the oldest Node that is promised", () => {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: Record<string, { engines?: { node?: string } }> };
  const tooNew = Object.entries(lock.packages).filter(([path, { engines }]) => path !== "" && !admitsNode20(engines?.node ?? "*"));
  expect(tooNew.map(([path, { engines }]) => `${path} ${engines?.node}`)).toEqual([]);
});

/** Whether any alternative of a range begins at 20 or below. */
const admitsNode20 = (range: string): boolean =>
  range.split("||").some((each) => {
    const [, sign = "", major = "0"] = /^\s*(\^|~|>=|>)?\s*v?(\d+)/.exec(each) ?? [];
    return Number(major) === 20 || (Number(major) < 20 && sign !== "^" && sign !== "~");
  });
