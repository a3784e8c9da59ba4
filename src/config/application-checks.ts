import type { ApplicationSettings } from "./application-settings.ts";
import { checkCallers } from "./caller-key-settings.ts";
import type { Config } from "./config.ts";
import type { Explained } from "./issue.ts";
import { checkPolicy } from "./policy-settings.ts";
import type { Path } from "./problem.ts";
import { repeated } from "./repeated.ts";
import type { Salvaged } from "./salvage.ts";
import { checkSandbox } from "./sandbox-settings.ts";

type Application = Salvaged<ApplicationSettings>;

/** Below 6 digits NIST 800-63B (3.1.3.2) is not met; few guesses keep the odds of one challenge below 1 in 3333. */
const shortBelow = 6;
const guessesWhenShort = 3;

export function checkApplications(applications: readonly (Application | undefined)[], mode: Config["mode"]): Explained[] {
  const each = applications.flatMap((application, index) =>
    application
      ? checkApplication(application, mode).map(({ path, message }) => ({ path: ["applications", index, ...path], message }))
      : [],
  );
  const ids = repeated(applications.map((application) => application?.id)).map((index) => ({
    path: ["applications", index, "id"],
    message: "is the id of another application: each needs its own",
  }));
  return [...each, ...ids, ...checkKeyHashes(applications), ...checkKeyless(applications)];
}

function checkApplication(application: Application, mode: Config["mode"]): Explained[] {
  const { purposes, defaultPurpose, channels } = application;
  const problems: Explained[] = [...checkCode(application), ...checkSandbox(application, mode), ...checkPolicy(application)];
  if (mode === "production" && purposes?.includes("*")) {
    problems.push({ path: ["purposes"], message: "has *, any purpose, which is for development only: list the purposes" });
  }
  if (defaultPurpose && purposes?.every((purpose) => purpose !== undefined && purpose !== "*" && purpose !== defaultPurpose)) {
    problems.push({ path: ["defaultPurpose"], message: `is not among the purposes: write one of ${purposes.join(", ")}` });
  }
  problems.push(...repeatedIn(["purposes"], purposes), ...repeatedIn(["channels"], channels));
  problems.push(...checkCallers(application, mode));
  return problems;
}

function checkCode({ code, limits }: Application): Explained[] {
  if (code?.length === undefined || code.length >= shortBelow) return [];
  const problems: Explained[] = [];
  if (code.allowShort === false) {
    problems.push({
      path: ["code", "length"],
      message: `is ${code.length}, which is easier to guess than NIST 800-63B allows: write 6 or more, or set code.allowShort to true`,
    });
  }
  const guesses = limits?.guessesPerChallenge;
  if (guesses !== undefined && guesses > guessesWhenShort) {
    problems.push({
      path: ["limits", "guessesPerChallenge"],
      message: `is ${guesses}, too many for codes of ${code.length} characters: write at most ${guessesWhenShort}`,
    });
  }
  return problems;
}

const repeatedIn = (path: Path, values: readonly (string | undefined)[] | undefined): Explained[] =>
  repeated(values ?? []).map((index) => ({ path: [...path, index], message: "stands in the list before: leave it out" }));

/** A key says which application calls, so it cannot be two's. */
function checkKeyHashes(applications: readonly (Application | undefined)[]): Explained[] {
  const all = applications.flatMap((application, at) =>
    (application?.keys ?? []).map((key, index) => ({
      path: ["applications", at, "keys", index, "hash"],
      hash: key?.hash?.replace("sha256:", ""),
    })),
  );
  return repeated(all.map(({ hash }) => hash)).map((index) => ({
    path: all[index]?.path ?? [],
    message: "is the hash of another key: each key belongs to one application; make another with make-key",
  }));
}

/** Without any caller the one application is whoever calls; beside others, nobody could call it. */
function checkKeyless(applications: readonly (Application | undefined)[]): Explained[] {
  if (applications.length < 2) return [];
  return applications.flatMap((application, index) =>
    application && isKeyless(application)
      ? [
          {
            path: ["applications", index, "keys"],
            message: "has no key, so that nobody could call this application: add one that make-key prints",
          },
        ]
      : [],
  );
}

/** Whether it is known that nobody is named who may call; what could not be read may well name somebody. */
export const isKeyless = ({ keys, certificates, tokens }: Application): boolean =>
  [keys, certificates, tokens].every((callers) => callers?.length === 0);
