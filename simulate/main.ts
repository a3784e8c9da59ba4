import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bombing, distributedGuessing, honestPeople, lockout, pumpingRing, sequentialNumbers, slowRing } from "./actors.ts";
import { plot } from "./plot.ts";
import { formatTable } from "./report.ts";
import { simulate } from "./run.ts";

const usage = `npm run simulate -- [--people N] [--days N] [--seed N] [--plot FILE] [--json]

Honest people and attackers against the rules, the guard and the store of the service with its default settings, on a clock that is
turned forward: first refusing (enforce), then watching only (shadow). Prints who got how many messages; --plot draws it as SVG.
`;

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "5000" },
    days: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
    plot: { type: "string" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const [people, days, seed] = [Number(values.people), Number(values.days), Number(values.seed)];
  const cast = () => [
    honestPeople(people, days, seed),
    pumpingRing(seed + 1),
    sequentialNumbers(seed + 2),
    slowRing(seed + 3),
    bombing(seed + 4),
    distributedGuessing(days, seed + 5),
    lockout(50, seed + 6),
  ];
  const modes = [];
  for (const mode of ["enforce", "shadow"] as const) modes.push({ mode, outcome: await simulate(mode, cast()) });
  if (values.plot !== undefined) writeFileSync(values.plot, plot(modes));
  process.stdout.write(
    values.json
      ? `${JSON.stringify(modes, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value))}\n`
      : `${formatTable(modes)}\n`,
  );
}

if (values.help) process.stdout.write(usage);
else await main();
