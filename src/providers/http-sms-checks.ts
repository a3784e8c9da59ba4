import type { DltConfig } from "./dlt.ts";
import { endpointProblem } from "./endpoint-config.ts";
import { type Json, namesIn, placeholders, textsOf } from "./http-sms-template.ts";

export type HttpSmsDraft = {
  readonly url: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly json?: Json | undefined;
  readonly form?: Readonly<Record<string, string>> | undefined;
  readonly sender?: string | undefined;
  readonly secrets: Readonly<Record<string, string>>;
  readonly messageIdPath?: string | undefined;
  readonly messageIdAfter?: string | undefined;
  readonly dlt?: DltConfig | undefined;
  readonly allowPrivateHosts: readonly string[];
};

export type Flaw = { readonly path: readonly (string | number)[]; readonly message: string };

type Place = "query" | "headers" | "json" | "form";
/** One text with placeholders, where it stands. */
type Spot = { readonly place: Place; readonly path: Flaw["path"]; readonly text: string };

/** Whether the parts of a declaration fit together: every placeholder known, allowed where it stands, and with something behind it. */
export function checkHttpSms(draft: HttpSmsDraft): readonly Flaw[] {
  const spots = spotsOf(draft);
  const endpoint = endpointProblem(draft);
  return [
    ...(endpoint === undefined ? [] : [{ path: ["url"], message: endpoint }]),
    ...checkBody(draft),
    ...spots.flatMap((spot) => checkSpot(spot, draft)),
    ...checkContent(spots),
    ...checkDlt(draft.dlt, spots),
    ...(draft.messageIdPath !== undefined && draft.messageIdAfter !== undefined
      ? [{ path: ["messageIdAfter"], message: "write either messageIdPath or messageIdAfter" }]
      : []),
  ];
}

function spotsOf({ query, headers, json, form }: HttpSmsDraft): readonly Spot[] {
  const group = (place: Place, texts: Readonly<Record<string, string>> = {}) =>
    Object.entries(texts).map(([name, text]) => ({ place, path: [place, name], text }));
  const tree = textsOf(json ?? null).texts.map((text) => ({ place: "json" as const, path: ["json"], text }));
  return [...group("query", query), ...group("headers", headers), ...tree, ...group("form", form)];
}

function checkBody({ json, form }: HttpSmsDraft): readonly Flaw[] {
  if ((json === undefined) === (form === undefined)) return [{ path: ["json"], message: "write either json or form: the body" }];
  const names = [...textsOf(json ?? null).names, ...Object.keys(form ?? {})];
  const path = [json === undefined ? "form" : "json"];
  return [
    ...(names.some((name) => /[{}]/.test(name)) ? [{ path, message: "write placeholders in values, not in names" }] : []),
    ...(hasReference(json ?? null)
      ? [{ path, message: "write the secret under secrets, and {secrets.NAME} here: env and file are not looked up in json" }]
      : []),
  ];
}

/** `{ env: NAME }` would be sent as it stands. */
function hasReference(value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  const entries = Object.entries(value);
  const [name, text] = entries.length === 1 ? (entries[0] ?? []) : [];
  return ((name === "env" || name === "file") && typeof text === "string") || Object.values(value).some(hasReference);
}

function checkSpot({ place, path, text }: Spot, draft: HttpSmsDraft): readonly Flaw[] {
  const names = namesIn(text);
  if (!names) return [{ path, message: "write braces around the names of placeholders only" }];
  return [...new Set(names)].flatMap((name) => {
    const message = placeholderProblem(name, place, draft);
    return message === undefined ? [] : [{ path, message }];
  });
}

function placeholderProblem(name: string, place: Place, draft: HttpSmsDraft): string | undefined {
  const shown = /^[\w.]{1,40}$/.test(name) ? `{${name}}` : "this";
  if (name.startsWith("secrets.")) {
    if (!Object.hasOwn(draft.secrets, name.slice("secrets.".length))) return `write the value of ${shown} under secrets`;
    return place === "query" ? `write ${shown} in headers, json or form: logs on the way keep URLs` : undefined;
  }
  if (!placeholders.some((each) => each === name))
    return `write a placeholder that exists instead of ${shown}: ${placeholders.map((each) => `{${each}}`).join(", ")} or {secrets.NAME}`;
  if ((name === "text" || name === "code") && (place === "query" || place === "headers"))
    return `write ${shown} in json or form: logs on the way keep URLs and headers, and would keep the code`;
  return nothingBehind(name, draft)
    ? `write what ${shown} stands for in ${name === "sender" ? "sender or dlt.senderId" : "dlt"}`
    : undefined;
}

function nothingBehind(name: string, { sender, dlt }: HttpSmsDraft): boolean {
  if (name === "entity_id" || name === "template_id") return dlt === undefined;
  if (name !== "sender" || sender !== undefined || dlt?.senderId !== undefined) return false;
  return !dlt?.templates.every(({ header }) => header !== undefined);
}

/** A declaration that forgets the number or the code would be found out by the people who wait. */
function checkContent(spots: readonly Spot[]): readonly Flaw[] {
  const used = new Set(spots.flatMap(({ text }) => namesIn(text) ?? []));
  const body = spots.some(({ place }) => place === "form") ? "form" : "json";
  return [
    ...(used.has("to") || used.has("to_digits") ? [] : [{ path: [body], message: "write {to} or {to_digits} where the number goes" }]),
    ...(used.has("text") || used.has("code") ? [] : [{ path: [body], message: "write {text}, or {code}, where the message goes" }]),
  ];
}

/** Where the gateway words the message by itself, nobody here knows what it will read like. */
function checkDlt(dlt: DltConfig | undefined, spots: readonly Spot[]): readonly Flaw[] {
  if (!dlt || spots.some(({ text }) => namesIn(text)?.includes("text"))) return [];
  return [{ path: ["dlt"], message: "write {text} in the body: without it no text can be compared with a registered template" }];
}
