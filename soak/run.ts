import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Load } from "./load.ts";
import type { Options } from "./options.ts";
import { measureRest, settle } from "./rest.ts";
import type { Ended, Sample } from "./sample.ts";
import { createSampler } from "./sampler.ts";
import type { SoakedService } from "./service.ts";
import { type Stage, setStage } from "./stage.ts";

export type Soaked = { readonly samples: readonly Sample[]; readonly ended: Ended; readonly outcomes: ReadonlyMap<string, number> };

type Watching = {
  /** Ends it early, with what there is. */
  readonly signal: AbortSignal;
  readonly onSample: (sample: Sample) => void;
  /** Whether the load may end before its time. */
  readonly isEnough?: (samples: readonly Sample[]) => boolean;
};

/** Starts everything, has it all run for as long as was asked for, or until the signal says so, and puts it all away again. */
export async function soak(options: Options, watching: Watching): Promise<Soaked> {
  await using parts = new AsyncDisposableStack();
  const stage = await setStage(options, parts);
  const { service, load, receipts } = stage;
  const before = await measureRest(service);
  const samples = await play(stage, options, watching);
  await receipts.stop();
  load.close();
  const after = await settle(service, before, watching.signal.aborted ? 5 : options.settleSeconds);
  return { samples, outcomes: load.recorder.outcomes(), ended: await end(service, load, { before, after }) };
}

/** The load, and beside it what goes wrong, what changes, and whoever looks on. */
async function play(stage: Stage, options: Options, { signal, onSample, isEnough }: Watching): Promise<readonly Sample[]> {
  const { service, load } = stage;
  const takeSample = createSampler({ ...stage, recorder: load.recorder, collectEvery: collectionsEvery(options) });
  const ending = new AbortController();
  const loaded = AbortSignal.any([signal, ending.signal, AbortSignal.timeout(options.minutes * 60_000)]);
  const samples: Sample[] = [];
  const takeAndTell = async (): Promise<void> => {
    const sample = await takeSample();
    writeFileSync(options.lines, `${JSON.stringify(sample)}\n`, { flag: samples.length === 0 ? "w" : "a" });
    samples.push(sample);
    onSample(sample);
    if (isEnough?.(samples)) ending.abort();
  };
  let [turn, burst] = [0, 0];
  await allOrNone(ending, [
    load.run(loaded),
    every(options.sampleSeconds, loaded, takeAndTell),
    every(options.reloadSeconds, loaded, async () => service.reload(stage.configOf(++turn))),
    every(options.burstSeconds, loaded, () => failForAWhile(stage, burst++, { ms: options.burstSeconds * 100, signal: loaded })),
    endWith(service, loaded),
  ]);
  return samples;
}

/** Every third time nobody is left to carry a text message. */
async function failForAWhile({ vendors, mail }: Stage, burst: number, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
  vendors.fail(burst % 3 === 2 ? "all" : "first");
  mail.fail(burst % 2 === 1);
  await pause(ms, signal);
  vendors.fail("none");
  mail.fail(false);
}

const faultEvents = ["fault", "crashed"];

async function end(service: SoakedService, { recorder }: Load, rest: Pick<Ended, "before" | "after">): Promise<Ended> {
  const exitCode = await service.stop();
  const lines = await service.countLines([...faultEvents, "configuration_reloaded", "configuration_refused"]);
  const faults = faultEvents.reduce((total, event) => total + (lines[event] ?? 0), 0) + (lines.configuration_refused ?? 0);
  const acts = { ...recorder.acts(), reload: lines.configuration_reloaded ?? 0 };
  return { ...rest, exitCode, faults, unexpected: recorder.surprises(), acts };
}

/** One that fails ends the others, and is told when they have ended. */
async function allOrNone(ending: AbortController, works: readonly Promise<void>[]): Promise<void> {
  const watched = works.map((work) =>
    work.catch((error: unknown) => {
      ending.abort();
      throw error;
    }),
  );
  await Promise.allSettled(watched);
  await Promise.all(watched);
}

/** Collections stop the service for some tens of milliseconds: of samples that are far between, no more of them than a trend needs. */
const collectionsEvery = ({ sampleSeconds }: Options): number => (sampleSeconds < 2 ? 1 : 3);

async function every(seconds: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (;;) {
    await pause(seconds * 1000, signal);
    if (signal.aborted) return;
    await work();
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);

/** A service that is gone answers nobody, and would be asked for the rest of the time. */
async function endWith(service: SoakedService, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (service.hasEnded()) throw new Error("the service ended while there was load");
    await pause(200, signal);
  }
}
