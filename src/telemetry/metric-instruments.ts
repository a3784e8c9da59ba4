import { Counter, Gauge, Histogram, Registry } from "prom-client";

type Named<L extends string> = { readonly name: string; readonly help: string; readonly labels?: readonly L[] };

/** How the numbers of several processes of one machine become one: what all of them read off the same store must not be added up. */
type Aggregator = "sum" | "first" | "min" | "max" | "average";

export type Instruments = ReturnType<typeof createInstruments>;

/** Whatever is made of it goes to one registry of its own, so that several services can live in one process. */
export function createInstruments() {
  const registry = new Registry();
  const settingsOf = <L extends string>({ name, help, labels = [] }: Named<L>) => ({
    name: `countersign_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    registry,
    counter: <L extends string = never>(named: Named<L>) => new Counter<L>(settingsOf(named)),
    /** `collect` is asked to set it when somebody looks. */
    gauge: <L extends string = never>({
      aggregator = "sum",
      collect,
      ...named
    }: Named<L> & { readonly aggregator?: Aggregator; readonly collect?: (gauge: Gauge<L>) => void }): Gauge<L> =>
      new Gauge<L>({
        ...settingsOf(named),
        aggregator,
        ...(collect && {
          collect() {
            collect(this);
          },
        }),
      }),
    histogram: <L extends string = never>({ buckets, ...named }: Named<L> & { readonly buckets: readonly number[] }) =>
      new Histogram<L>({ ...settingsOf(named), buckets: [...buckets] }),
  };
}
