/** Whether an answer looks like the one a page shows. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Stands in a page for what is left out. */
const elided = "…";

/** JSON in which `…` may stand for further members. */
export const parseShown = (text: string): Json => JSON.parse(text.replace(/,\s*…/g, `,"${elided}":null`)) as Json;

/** What differs, by path: names, types, and values that are constants, such as CHANNEL_SMS. Nothing, where all is alike. */
export function differences(shown: Json, real: Json, path = "$"): string[] {
  if (Array.isArray(shown)) {
    if (!Array.isArray(real)) return [`${path} is no list`];
    return shown.length > 0 && real.length > 0 ? differences(shown[0] as Json, real[0] as Json, `${path}[0]`) : [];
  }
  if (isObject(shown)) return isObject(real) ? differencesOfMembers(shown, real, path) : [`${path} is no object`];
  if (typeof shown !== typeof real) return [`${path} is ${JSON.stringify(real)}, and shown as ${JSON.stringify(shown)}`];
  return isConstant(shown) && shown !== real ? [`${path} is ${JSON.stringify(real)}, and shown as ${shown}`] : [];
}

type JsonObject = { readonly [name: string]: Json };

function differencesOfMembers(shown: JsonObject, real: JsonObject, path: string): string[] {
  const names = Object.keys(shown).filter((name) => name !== elided);
  const missing = names.filter((name) => !(name in real)).map((name) => `${path}.${name} is missing`);
  const more = elided in shown ? [] : Object.keys(real).filter((name) => !(name in shown));
  const within = names
    .filter((name) => name in real)
    .flatMap((name) => differences(shown[name] as Json, real[name] as Json, `${path}.${name}`));
  return [...missing, ...more.map((name) => `${path}.${name} is not shown`), ...within];
}

const isObject = (value: Json): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

const isConstant = (value: Json): value is string => typeof value === "string" && /^[A-Z]+(_[A-Z]+)+$/.test(value);

/** What a later block of the page repeats from an answer, and what it was in truth: ids, codes and proofs. */
export function replacements(shown: Json, real: Json): [string, string][] {
  if (Array.isArray(shown) && Array.isArray(real))
    return shown.length > 0 && real.length > 0 ? replacements(shown[0] as Json, real[0] as Json) : [];
  if (!isObject(shown) || !isObject(real)) return [];
  return Object.entries(shown).flatMap(([name, value]) => {
    const is = real[name];
    if (passedOn.includes(name) && typeof value === "string" && typeof is === "string") return [[value, is] as [string, string]];
    return is === undefined ? [] : replacements(value, is);
  });
}

const passedOn = ["challengeId", "code", "proofToken", "authenticatorId"];
