/** The process of the attackers: `node attackers.ts NAME GRPC HTTP SIZE SECONDS`; prints what they achieved. */
import { setPriority } from "node:os";
import { storms } from "./storms.ts";

const [name, grpc = "", http = "", size, seconds] = process.argv.slice(2);
const storm = storms.find((each) => each.name === name);
if (!storm) throw new Error(`no storm ${name}: write one of ${storms.map((each) => each.name).join(", ")}`);
// They would have machines of their own: here they get what the service and the honest callers leave of this one.
setPriority(10);
process.on("disconnect", () => process.exit());
const achieved = await storm.run({ grpc, http }, Number(size), AbortSignal.timeout(Number(seconds) * 1_000));
process.stdout.write(`${JSON.stringify(achieved)}\n`, () => process.exit());
