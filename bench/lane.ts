import type { Sample } from "./measure.ts";

/** Scenarios that are measured one after the other on one server; lanes take turns, so that the machine's moods hit all alike. */
export type Lane = {
  /** Each scenario for about so long, by its name. */
  round(seconds: number): Promise<ReadonlyMap<string, Sample>>;
  close(): void;
};
