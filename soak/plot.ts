import type { Sample } from "./sample.ts";
import type { Point } from "./trend.ts";

const [width, height, left, right, top, bottom] = [960, 190, 64, 210, 34, 30];
const colours = ["#1b6ca8", "#c0392b", "#148f77", "#d68910", "#7d3c98"];

type Line = { readonly name: string; readonly read: (sample: Sample) => number | undefined };
/** The square root shows what is usual beside what the machine did now and then. */
type Panel = { readonly title: string; readonly lines: readonly Line[]; readonly scale?: "root" };

const panels: readonly Panel[] = [
  {
    title: "memory, MiB (heaps after a collection)",
    lines: [
      { name: "resident", read: ({ rssMib }) => rssMib },
      { name: "heap", read: ({ heapMib }) => heapMib },
      { name: "heap of other threads", read: ({ threadsHeapMib }) => threadsHeapMib },
      { name: "database on disk", read: ({ databaseMib }) => databaseMib },
    ],
  },
  {
    title: "median answer, ms, as measured (square-root scale)",
    scale: "root",
    lines: [
      { name: "SendCode p50", read: ({ latencies }) => latencies.SendCode?.p50 },
      { name: "VerifyCode p50", read: ({ latencies }) => latencies.VerifyCode?.p50 },
    ],
  },
  {
    title: "slowest hundredth, ms, as measured (square-root scale)",
    scale: "root",
    lines: [
      { name: "SendCode p99", read: ({ latencies }) => latencies.SendCode?.p99 },
      { name: "VerifyCode p99", read: ({ latencies }) => latencies.VerifyCode?.p99 },
    ],
  },
  {
    title: "open at once",
    lines: [
      { name: "files and sockets", read: ({ files }) => files },
      { name: "timers, sockets, requests", read: ({ handles }) => handles },
      { name: "threads", read: ({ threads }) => threads },
    ],
  },
  {
    title: "processor per call, µs",
    lines: [{ name: "all threads", read: ({ cpuMicrosPerCall }) => cpuMicrosPerCall || undefined }],
  },
  {
    title: "how busy the machine was with others",
    lines: [{ name: "times as long as alone", read: ({ stretch }) => stretch }],
  },
];

/** The samples as one SVG, a panel for each kind of measure, all on the same time. */
export function plot(samples: readonly Sample[], title: string): string {
  const last = Math.max(1, samples.at(-1)?.seconds ?? 1);
  const drawn = panels.map((panel, index) => drawPanel(panel, samples, { last, index }));
  const size = `width="${width}" height="${height * panels.length}" viewBox="0 0 ${width} ${height * panels.length}"`;
  const style = "text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.grid{stroke:#e5e5e5}";
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img"><title>${escaped(title)}</title><style>${style}</style><rect width="100%" height="100%" fill="#fff"/>${drawn.join("")}</svg>\n`;
}

function drawPanel(
  { title, lines, scale }: Panel,
  samples: readonly Sample[],
  at: { readonly last: number; readonly index: number },
): string {
  const series = lines.map(({ name, read }) => ({ name, points: samples.flatMap((sample) => pointOf(sample.seconds, read(sample))) }));
  const most = niceTop(Math.max(1, ...series.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (seconds: number): number => left + ((width - left - right) * seconds) / at.last;
  const y = (value: number): number => height - bottom - (height - bottom - top) * (value / most) ** (scale === "root" ? 0.5 : 1);
  const grid = (scale === "root" ? [0, 0.01, 0.1, 0.25, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1]).map((share) => {
    const value = most * share;
    const label = `<text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${Number(value.toFixed(2))}</text>`;
    return `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}"/>${label}`;
  });
  const times = [0, 1, 2, 3, 4, 5, 6].map((step) => (at.last * step) / 6);
  const axis = times.map((seconds) => `<text x="${x(seconds)}" y="${height - bottom + 18}" text-anchor="middle">${timeOf(seconds)}</text>`);
  const drawn = series.map(({ name, points }, line) => {
    const colour = colours[line % colours.length];
    const path = points.map(([seconds, value]) => `${x(seconds).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const row = top + 18 * line;
    const label = `<rect x="${width - right + 8}" y="${row}" width="12" height="8" fill="${colour}"/><text x="${width - right + 26}" y="${row + 8}">${escaped(name)}</text>`;
    return `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path}"/>${label}`;
  });
  const heading = `<text x="${left}" y="${top - 14}" style="font-weight:600;font-size:14px">${escaped(title)}</text>`;
  const ground = `<line class="axis" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>`;
  return `<g transform="translate(0 ${at.index * height})">${heading}${grid.join("")}${axis.join("")}${ground}${drawn.join("")}</g>`;
}

const pointOf = (seconds: number, value: number | undefined): Point[] =>
  value === undefined || !Number.isFinite(value) ? [] : [[seconds, value]];

/** 1, 2, 4 or 8 times a power of ten, so that quarters of it are numbers that can be read. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 8].find((each) => each * power >= value) ?? 10) * power;
}

const timeOf = (seconds: number): string => (seconds < 120 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(0)} min`);
const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
