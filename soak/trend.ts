export type Point = readonly [x: number, y: number];

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Not a number where there are no values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/**
 * The median of the slopes between all pairs of points (Theil and Sen): up to a quarter of the points may lie anywhere, as samples do
 * that met a collection of garbage or a busy machine, and it hardly moves.
 */
export function slope(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [index, [x, y]] of points.entries())
    for (const [laterX, laterY] of points.slice(index + 1)) if (laterX !== x) slopes.push((laterY - y) / (laterX - x));
  return median(slopes);
}

/** What the slope makes of the whole time. */
export function growth(points: readonly Point[]): number {
  const [first, last] = [points[0], points.at(-1)];
  return first && last ? slope(points) * (last[0] - first[0]) : Number.NaN;
}

/** Medians of the first and of the last third. */
export function thirds(values: readonly number[]): { readonly first: number; readonly last: number } {
  const third = Math.floor(values.length / 3);
  return { first: median(values.slice(0, third)), last: median(values.slice(values.length - third)) };
}
