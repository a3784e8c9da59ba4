import { readdirSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { expect, test } from "vitest";

const folder = new URL("../../verify/", import.meta.url);
const sources = readdirSync(folder).filter((file) => file.endsWith(".ts"));

/** What is left when the types are gone: whoever takes one entry loads no framework but their own. */
const loadedBy = (file: string): string[] =>
  [...stripTypeScriptTypes(readFileSync(new URL(file, folder), "utf8")).matchAll(/^(?:import|export) [^;]*? from "(.+?)"/gm)].map(
    ([, specifier]) => specifier ?? "",
  );

test("verify/ loads nothing but itself, jose and node:crypto", () => {
  expect(sources).toEqual(expect.arrayContaining(["verify-proof.ts", "express.ts", "fastify.ts"]));
  const loaded = new Set(sources.flatMap(loadedBy).filter((specifier) => !/^\.\/[a-z-]+\.ts$/.test(specifier)));
  expect([...loaded].sort()).toEqual(["jose", "node:crypto"]);
});

test("verify/ names every entry of its package, and no other file than there is", () => {
  const { exports: entries } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as { exports: Record<string, string> };
  for (const target of Object.values(entries)) expect(sources).toContain(target.replace(/^\.\/dist\/(.*)\.js$/, "$1.ts"));
});
