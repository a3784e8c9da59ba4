import { isDeepStrictEqual } from "node:util";
import type { Config } from "./config.ts";
import type { Problem } from "./problem.ts";

export type Comparison = {
  /** Names of the settings' groups that are not as they were. */
  readonly changed: readonly string[];
  /** Why this configuration cannot follow the other without harm; it would be refused. */
  readonly refused: readonly Problem[];
  /** What is taken, or left until a restart, and should be known. */
  readonly warnings: readonly Problem[];
};

/** What a reload makes of a configuration that is good by itself. `started`: the one that the process was started with. */
export function compareConfigs({ started, running }: { started: Config; running: Config }, next: Config): Comparison {
  return {
    changed: changedGroups(running, next),
    refused: [...ledgerKeyProblems(running, next), ...reusedIds(running, next)],
    warnings: [
      ...needsRestart(started, next),
      ...codeKeyWarnings(running, next),
      ...vaultWarnings(running, next),
      ...proofWarnings(running, next),
    ],
  };
}

/** A configuration as the process can take it: what needs a restart is as it was at start. */
export const withFixedParts = (started: Config, next: Config): Config => ({ ...next, ...fixedOf(started) });

/** What listeners, the store and whatever else outlives a reload were opened with. */
const fixed = ["mode", "listen", "store", "bounds", "tracing", "workers"] as const satisfies readonly (keyof Config)[];

const fixedOf = (config: Config): Pick<Config, (typeof fixed)[number]> =>
  Object.fromEntries(fixed.map((name) => [name, config[name]])) as Pick<Config, (typeof fixed)[number]>;

const changedGroups = (before: Config, next: Config): string[] =>
  (Object.keys(next) as (keyof Config)[]).filter((name) => !isDeepStrictEqual(before[name], next[name]));

function ledgerKeyProblems(running: Config, next: Config): Problem[] {
  if (isDeepStrictEqual(Buffer.from(running.secrets.ledgerKey), Buffer.from(next.secrets.ledgerKey))) return [];
  const message = "is another one than before, under which every limit, lock and authenticator would be lost: write the old one";
  return [{ setting: "secrets.ledgerKey", message }];
}

/** What is stored, or published, names its key by the id. */
function reusedIds(running: Config, next: Config): Problem[] {
  const sets = [
    { setting: "secrets.codeKeys", before: running.secrets.codeKeys, after: next.secrets.codeKeys },
    { setting: "secrets.authenticatorKeys", before: running.authenticatorKeys, after: next.authenticatorKeys },
    { setting: "proofs.keys", before: running.proofs?.keys, after: next.proofs?.keys },
  ];
  return sets.flatMap(({ setting, before = [], after = [] }) =>
    after.flatMap((key, index) => {
      const same = before.find(({ id }) => id === key.id);
      if (!same || isDeepStrictEqual(materialOf(same), materialOf(key))) return [];
      const message = `is another key under the id ${key.id}, by which the old one is found: give the new key an id of its own, beside the old one`;
      return [{ setting: `${setting}[${index}]`, message }];
    }),
  );
}

type AnyKey =
  | Config["secrets"]["codeKeys"][number]
  | NonNullable<Config["authenticatorKeys"]>[number]
  | NonNullable<Config["proofs"]>["keys"][number];

/** The same key of a key service may be reached in another way. */
function materialOf(key: AnyKey): unknown {
  if ("privateKey" in key) return key.privateKey;
  return "awsKms" in key && key.awsKms ? "awsKms" : Buffer.from(key.secret as Uint8Array);
}

function needsRestart(started: Config, next: Config): Problem[] {
  // What the certificate files hold is taken; whether there are any is not.
  const tls = (started.tls === undefined) === (next.tls === undefined) ? [] : ["listen.tls"];
  return [...fixed.flatMap((name) => differences(name, started[name], next[name])), ...tls].map((setting) => ({
    setting,
    message: "was changed, which takes effect after a restart; until then the old one holds",
  }));
}

/** The settings below that differ, as deep as both are groups. */
function differences(path: string, before: unknown, after: unknown): string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isGroup(before) || !isGroup(after) || path.split(".").length > 1) return [path];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    differences(`${path}.${name}`, before[name], after[name]),
  );
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function codeKeyWarnings({ secrets, store }: Config, next: Config): Problem[] {
  const [signing] = next.secrets.codeKeys;
  const isNew = signing && !secrets.codeKeys.some(({ id }) => id === signing.id);
  const early: Problem = {
    setting: "secrets.codeKeys[0]",
    message: `is new and signs at once, so a replica that has not read it yet finds its codes wrong: add a key behind the old one first`,
  };
  const gone = removedFrom(secrets.codeKeys, next.secrets.codeKeys).map((id) => ({
    setting: "secrets.codeKeys",
    message: `no longer has ${id}: this process still verifies by it until its codes have expired; one that restarts does not`,
  }));
  return [...(isNew && store.kind === "mongodb" ? [early] : []), ...gone];
}

const vaultWarnings = (running: Config, next: Config): Problem[] =>
  removedFrom(running.authenticatorKeys ?? [], next.authenticatorKeys ?? []).map((id) => ({
    setting: "secrets.authenticatorKeys",
    message: `no longer has ${id}: authenticators whose secret is still under it do not work; reencrypt says when there are none`,
  }));

function proofWarnings({ proofs: before }: Config, { proofs: after }: Config): Problem[] {
  if (!before || !after) return [];
  const statusIn = ({ keys }: typeof before, id: string) => keys.find((key) => key.id === id)?.status;
  const current = after.keys.find(({ status }) => status === "current");
  const unknown = current && statusIn(before, current.id) === undefined;
  const lost = before.keys.find(({ id, status }) => status === "current" && statusIn(after, id) === undefined);
  return [
    ...(unknown
      ? [
          {
            setting: "proofs.keys",
            message: `has ${current.id} sign that was not published before: verifiers that keep keys refuse its proofs`,
          },
        ]
      : []),
    ...(lost
      ? [{ setting: "proofs.keys", message: `no longer has ${lost.id}, which signed until now: its proofs under way are refused` }]
      : []),
  ];
}

const removedFrom = (before: readonly { readonly id: string }[], after: readonly { readonly id: string }[]): string[] =>
  before.map(({ id }) => id).filter((id) => !after.some((key) => key.id === id));
