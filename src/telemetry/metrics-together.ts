import { AggregatorRegistry, type Registry } from "prom-client";

export type MetricObject = Awaited<ReturnType<Registry["getMetricsAsJSON"]>>[number];
type Metrics = readonly MetricObject[];

/** The numbers of several processes as if they were one. Those of a process that has ended count on, or a total would go down. */
export type Together = {
  /** What a process says of itself now. */
  set(process: number, metrics: Metrics): void;
  /** It has ended, and another may come in its place. */
  end(process: number): Promise<void>;
  /** Together with those of whoever adds up, in Prometheus' text format. */
  write(own: Registry): Promise<string>;
};

const addsUp = new Set(["counter", "histogram"]);

export function addTogether(): Together {
  const current = new Map<number, Metrics>();
  let ended: Metrics = [];
  // One after another: what is added up is read, and written later.
  let last: Promise<void> = Promise.resolve();
  return {
    set(process, metrics) {
      current.set(process, metrics);
    },
    end(process) {
      const metrics = (current.get(process) ?? []).filter(({ type }) => addsUp.has(String(type)));
      current.delete(process);
      last = last.then(async () => {
        ended = await aggregate([ended, metrics]).getMetricsAsJSON();
      });
      return last;
    },
    async write(own) {
      await last;
      const mine = await own.getMetricsAsJSON();
      const names = new Set(mine.map(({ name }) => name));
      const theirs = [...current.values(), ended].map((metrics) => metrics.filter(({ name }) => !names.has(name)));
      return aggregate([mine, ...theirs]).metrics();
    },
  };
}

const aggregate = (metrics: readonly Metrics[]): Registry => AggregatorRegistry.aggregate(metrics as MetricObject[][]);
