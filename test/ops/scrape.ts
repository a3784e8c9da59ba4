/** Prometheus' text format, as far as a test needs it. */
export type Scraped = {
  readonly type: string;
  readonly help: string;
  /** Of all of its samples, those of `_bucket`, `_sum` and `_count` included. */
  readonly labels: ReadonlySet<string>;
  readonly samples: number;
};

/** Every metric by the names that queries may call it by. */
export function readScrape(text: string): ReadonlyMap<string, Scraped> {
  const scraped = new Map<string, { type: string; help: string; labels: Set<string>; samples: number }>();
  for (const line of text.split("\n")) {
    const [, what, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (what === "HELP") scraped.set(name, { type: "", help: rest, labels: new Set(), samples: 0 });
    const known = scraped.get(name);
    if (what === "TYPE" && known) known.type = rest;
    const [, sample = "", labels = ""] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const metric = scraped.get(sample) ?? scraped.get(sample.replace(/_(bucket|sum|count)$/, ""));
    if (!sample || !metric) continue;
    metric.samples += 1;
    for (const [, label = ""] of labels.matchAll(/([a-z_]+)="(?:[^"\\]|\\.)*"/g)) metric.labels.add(label);
  }
  const histograms = [...scraped].filter(([, { type }]) => type === "histogram");
  return new Map([
    ...scraped,
    ...histograms.flatMap(([name, each]) => ["bucket", "sum", "count"].map((part) => [`${name}_${part}`, each] as const)),
  ]);
}
