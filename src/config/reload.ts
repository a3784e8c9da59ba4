import { isDeepStrictEqual } from "node:util";
import { pause } from "../otp/pause.ts";
import type { Config } from "./config.ts";
import type { Loaded } from "./load.ts";
import { formatProblem, type Problem } from "./problem.ts";
import { compareConfigs, withFixedParts } from "./reload-compare.ts";
import { type Look, lookAt } from "./reload-look.ts";

/** `refused`: it is wrong, or may not follow the one that runs. `failed`: a part of it could not start. In both, the last one goes on. */
export type ReloadOutcome = "applied" | "unchanged" | "refused" | "failed";

export type Reloading = {
  /** What the process was started with. */
  readonly started: Loaded & { readonly ok: true };
  /** Reads everything again. */
  readonly load: () => Loaded;
  /** Serves by this configuration from now on; rejects, and goes on as before, when a part of it cannot start. */
  readonly apply: (config: Config) => Promise<void>;
  readonly logger: Readonly<Record<"info" | "warn" | "error", (line: object) => void>>;
  readonly onReload?: (outcome: ReloadOutcome) => void;
  /** Between two looks that have to agree: a file that is being written looks different by then. */
  readonly settleMs?: number;
};

export type Reloader = {
  /** Reads everything again, although nothing may have changed. Asked for once more while that is done, it does it once more. */
  ask(): void;
  stop(): void;
};

const secondMs = 1_000;
/** How often the set of files may change between a look and the reading. */
const maxReadings = 4;

/** Keeps the service to what its configuration files say, for as long as that is right. */
export function startReloading(deps: Reloading): Reloader {
  const state: State = {
    deps,
    running: deps.started.config,
    files: deps.started.files,
    known: "",
    asked: 0,
    stopped: new AbortController(),
  };
  const loop = createLoop(state);
  return {
    ask() {
      state.asked += 1;
      loop.wake();
    },
    stop() {
      state.stopped.abort();
      loop.wake();
    },
  };
}

type State = {
  readonly deps: Reloading;
  readonly stopped: AbortController;
  running: Config;
  files: readonly string[];
  /** What the files held when they were read last, whatever came of it: what is wrong is said once. */
  known: string;
  asked: number;
};

function createLoop(state: State): { wake(): void } {
  let waiting = new AbortController();
  const run = async (): Promise<void> => {
    // The files may have changed between the reading at start and now.
    if (state.running.reload.watch && state.files.length > 0) await reload(state, "watched");
    while (!state.stopped.signal.aborted) {
      if (state.asked > 0) {
        state.asked = 0;
        await reload(state, "asked");
      } else {
        waiting = new AbortController();
        await pause(state.running.reload.everyMs, waiting.signal);
        if (state.asked === 0 && !state.stopped.signal.aborted) await lookAround(state);
      }
    }
  };
  void run();
  return { wake: () => waiting.abort() };
}

async function lookAround(state: State): Promise<void> {
  if (!state.running.reload.watch || state.files.length === 0) return;
  const { print } = await lookAt(state.files);
  if (print === state.known) return;
  await pause(state.deps.settleMs ?? secondMs, state.stopped.signal);
  if ((await lookAt(state.files)).print === print) await reload(state, "watched");
}

async function reload(state: State, why: "asked" | "watched"): Promise<void> {
  const { deps } = state;
  if (state.files.length === 0) {
    const message = "there is no configuration file to read again: the environment is read at start only";
    return void deps.logger.warn({ event: "configuration_unchanged", message });
  }
  const outcome = await readAndApply(state, why);
  if (outcome !== undefined) deps.onReload?.(outcome);
}

async function readAndApply(state: State, why: "asked" | "watched"): Promise<ReloadOutcome | undefined> {
  const { deps, running } = state;
  const loaded = await readAll(state);
  if (state.stopped.signal.aborted) return undefined;
  if (!loaded.ok) return refuse(deps, loaded.problems);
  const next = withFixedParts(deps.started.config, loaded.config);
  const { changed, refused, warnings } = compareConfigs({ started: deps.started.config, running }, loaded.config);
  if (refused.length > 0) return refuse(deps, refused);
  const isSame = isDeepStrictEqual(next, running);
  if (isSame && why === "watched" && warnings.length === 0) return undefined;
  for (const warning of [...loaded.warnings, ...warnings])
    deps.logger.warn({ event: "configuration_warning", warning: formatProblem(warning) });
  if (!isSame) return apply(state, next, changed);
  deps.logger.info({ event: "configuration_unchanged" });
  return "unchanged";
}

async function apply(state: State, next: Config, changed: readonly string[]): Promise<ReloadOutcome> {
  const { deps } = state;
  try {
    await deps.apply(next);
  } catch (cause) {
    if (!state.stopped.signal.aborted)
      deps.logger.error({
        event: "configuration_failed",
        err: cause,
        message: "a part of the new configuration cannot start; the last one goes on",
      });
    return "failed";
  }
  state.running = next;
  deps.logger.info({ event: "configuration_reloaded", changed });
  return "applied";
}

function refuse({ logger }: Reloading, problems: readonly Problem[]): ReloadOutcome {
  const message = "the new configuration is not taken, and the last one goes on";
  logger.error({ event: "configuration_refused", problems: problems.map(formatProblem), message });
  return "refused";
}

/** Looks before it reads, so that what changes meanwhile is noticed the next time; again where the reading named other files. */
async function readAll(state: State): Promise<Loaded> {
  for (let left = maxReadings; ; left -= 1) {
    const look = await lookAt(state.files);
    const loaded = isReadable(look) ? state.deps.load() : ({ ok: false, files: state.files, problems: readOnceProblems(look) } as const);
    state.known = look.print;
    if (left === 0 || isDeepStrictEqual(loaded.files, state.files)) return loaded;
    state.files = loaded.files;
  }
}

const isReadable = ({ readOnce }: Look): boolean => readOnce.length === 0;

const readOnceProblems = ({ readOnce }: Look): Problem[] =>
  readOnce.map((path) => ({
    setting: path,
    message: "is no file, and cannot be read a second time: write the path of a file, or restart",
  }));
