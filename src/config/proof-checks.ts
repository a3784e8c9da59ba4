import type { Config } from "./config.ts";
import { developmentProofs } from "./development-proofs.ts";
import type { Explained } from "./issue.ts";
import { algorithmOf, parseProofKey, publicPart } from "./proof-key.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import type { Settings } from "./settings.ts";

type Draft = Salvaged<Settings>;
type Keys = NonNullable<NonNullable<Draft["proofs"]>["keys"]>;

/** Whether the proof keys fit together, and whether proofs of one application are only its own. */
export function checkProofs({ proofs, applications }: Draft, mode: Config["mode"]): Explained[] {
  const keys = proofs?.keys ?? [];
  return [...checkCurrent(keys), ...checkAlgorithms(keys), ...checkIdentity(keys, mode), ...checkAudiences(applications ?? [])];
}

function checkCurrent(keys: Keys): Explained[] {
  // A key whose status could not be read may be the current one.
  if (keys.length === 0 || keys.some((key) => key?.status === undefined)) return [];
  const current = keys.flatMap((key, index) => (key?.status === "current" ? [index] : []));
  if (current.length === 0) return [{ path: ["proofs", "keys"], message: "has no key that signs: set the status of one to current" }];
  return current.slice(1).map((index) => ({
    path: ["proofs", "keys", index, "status"],
    message: "is current, as another one's is: exactly one key signs, the others are next or previous",
  }));
}

function checkAlgorithms(keys: Keys): Explained[] {
  return keys.flatMap((key, index) => {
    const parsed = key?.privateKey === undefined ? undefined : parseProofKey(key.privateKey);
    const fitting = parsed && algorithmOf(parsed);
    if (!fitting || key?.algorithm === undefined || key.algorithm === fitting) return [];
    return [{ path: ["proofs", "keys", index, "algorithm"], message: `is not the algorithm of its key: write ${fitting}` }];
  });
}

function checkIdentity(keys: Keys, mode: Config["mode"]): Explained[] {
  const publicParts = keys.map((key) => publicPartOf(key?.privateKey));
  const known = developmentProofs.keys.map(({ privateKey }) => publicPartOf(privateKey));
  const sameId = repeated(keys.map((key) => key?.id)).map((index) => ({
    path: ["proofs", "keys", index, "id"],
    message: "is the id of another proof key: each needs its own, and none may come back under another key",
  }));
  const sameKey = repeated(publicParts).map((index) => ({
    path: ["proofs", "keys", index, "privateKey"],
    message: "is the same as another proof key: write what make-proof-key prints",
  }));
  const wellKnown = publicParts.flatMap((part, index) =>
    mode === "production" && part !== undefined && known.includes(part)
      ? [
          {
            path: ["proofs", "keys", index, "privateKey"],
            message: "is the one of development mode, which everybody knows: write what make-proof-key prints",
          },
        ]
      : [],
  );
  return [...sameId, ...sameKey, ...wellKnown];
}

/** A proof says by its audience whose it is. */
function checkAudiences(applications: NonNullable<Draft["applications"]>): Explained[] {
  const audiences = applications.map((application) => application?.proofAudience ?? application?.id);
  return repeated(audiences).flatMap((index) =>
    // Two of the same id are told of as such.
    applications.findIndex((other) => other?.id === applications[index]?.id) < index
      ? []
      : [
          {
            path: ["applications", index, "proofAudience"],
            message: "is the audience of another application, whose proofs would pass for this one's: each needs its own",
          },
        ],
  );
}

function publicPartOf(text: string | undefined): string | undefined {
  const key = text === undefined ? undefined : parseProofKey(text);
  return key && publicPart(key);
}
