/** Does nothing but compute, for as long as it is told, and says how much of it was done: what the machine has to give just now. */
import { createHash } from "node:crypto";

const block = Buffer.alloc(1_024, 1);

process.on("message", (seconds: number) => {
  let rounds = 0;
  for (const end = performance.now() + seconds * 1000; performance.now() < end; rounds += 1) createHash("sha256").update(block).digest();
  process.send?.(rounds);
});
process.once("disconnect", () => process.exit());
