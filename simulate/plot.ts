import type { Tally } from "./actors.ts";
import type { Outcome } from "./run.ts";

const [width, height, left, bottom, top, right] = [960, 420, 64, 48, 40, 280];
const colours = ["#1b6ca8", "#c0392b", "#d68910", "#7d3c98", "#148f77", "#566573", "#a04000"];

/** Messages that each actor got, added up over time, as one SVG: what is refused lies flat. */
export function plot(modes: readonly { readonly mode: string; readonly outcome: Outcome }[]): string {
  const panels = modes.map(({ mode, outcome }, index) => panel(mode, outcome.tallies, index));
  const size = `width="${width}" height="${height * modes.length}" viewBox="0 0 ${width} ${height * modes.length}"`;
  const style = "text{font:12px system-ui,sans-serif;fill:#333}.axis{stroke:#999}.grid{stroke:#e5e5e5}";
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img"><title>Messages sent, added up, by actor</title><style>${style}</style><rect width="100%" height="100%" fill="#fff"/>${panels.join("")}</svg>\n`;
}

function panel(mode: string, tallies: readonly Tally[], index: number): string {
  const shown = tallies.filter(({ asked }) => asked > 0);
  const lastMinute = Math.max(1, ...shown.flatMap(({ sentAt }) => sentAt.at(-1) ?? 0));
  const most = Math.max(10, ...shown.map(({ sent }) => sent));
  const x = (minutes: number): number => left + ((width - left - right) * minutes) / lastMinute;
  // The square root shows a handful beside thousands.
  const y = (count: number): number => height - bottom - (height - bottom - top) * Math.sqrt(count / most);
  const ticks = [0, 0.01, 0.1, 0.25, 0.5, 1].map((share) => Math.round(most * share));
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(tick)}" y2="${y(tick)}"/><text x="${left - 8}" y="${y(tick) + 4}" text-anchor="end">${tick}</text>`,
  );
  const hours = Array.from({ length: 7 }, (_, step) => (lastMinute * step) / 6);
  const axis = hours.map(
    (minutes) => `<text x="${x(minutes)}" y="${height - bottom + 18}" text-anchor="middle">${Math.round(minutes / 60)} h</text>`,
  );
  const lines = shown.map(({ name, sentAt, sent }, at) => {
    const colour = colours[at % colours.length];
    const steps = thin(sentAt.map((minutes, count): [number, number] => [minutes, count + 1]));
    const first: [number, number] = [steps[0]?.[0] ?? 0, 0];
    const points = [[0, 0], first, ...steps, [lastMinute, sent]].map(
      ([minutes = 0, count = 0]) => `${x(minutes).toFixed(1)},${y(count).toFixed(1)}`,
    );
    const label = `<text x="${width - right + 26}" y="${top + 18 * at + 4}">${name}: ${sent}</text><rect x="${width - right + 8}" y="${top + 18 * at - 5}" width="12" height="8" fill="${colour}"/>`;
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.join(" ")}"/>${label}`;
  });
  const title = `<text x="${left}" y="${top - 16}" style="font-weight:600;font-size:14px">${mode}: messages sent, added up (square-root scale)</text>`;
  return `<g transform="translate(0 ${index * height})">${title}${grid.join("")}${axis.join("")}<line class="axis" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>${lines.join("")}</g>`;
}

/** A line of a few hundred points looks the same as one of thousands. */
const thin = (points: readonly [number, number][]): [number, number][] => {
  const every = Math.ceil(points.length / 300);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
};
