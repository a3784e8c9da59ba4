/**
 * Shards a database of Countersign, before or after the service has begun to use it. Prints the commands for mongosh, or runs them:
 *
 *   node ops/mongodb/shard.ts DATABASE [--zone NAME --shards A,B]            prints
 *   node ops/mongodb/shard.ts DATABASE … --apply mongodb://MONGOS/           runs, over a mongos, as a user who may
 */
import { parseArgs } from "node:util";
import { MaxKey, MinKey, MongoClient } from "mongodb";
import { type Plan, planSharding } from "./plan.ts";

const usage = "Usage: node ops/mongodb/shard.ts DATABASE [--zone NAME --shards A,B] [--apply mongodb://MONGOS/]";

async function main(args: readonly string[]): Promise<number> {
  const options = { zone: { type: "string" }, shards: { type: "string" }, apply: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const [database = "", ...rest] = positionals;
  const shards = values.shards?.split(",") ?? [];
  if (!/^[A-Za-z0-9_-]{1,63}$/.test(database) || rest.length > 0 || (values.zone === undefined) !== (shards.length === 0)) return misuse();
  const plan: Plan = { database, ...(values.zone !== undefined && { zone: { name: values.zone, shards } }) };
  if (values.apply === undefined) process.stdout.write(asScript(plan));
  else await apply(plan, values.apply);
  return 0;
}

function misuse(): number {
  process.stderr.write(`${usage}\n`);
  return 2;
}

function asScript(plan: Plan): string {
  const steps = planSharding(plan, { min: "MinKey", max: "MaxKey" }).map(({ why, to, command }) => {
    const text = JSON.stringify(command).replace(/"(MinKey|MaxKey)"/g, "$1()");
    const db = to === "admin" ? "db.getSiblingDB('admin')" : `db.getSiblingDB('${plan.database}')`;
    return `// ${why}\n${db}.runCommand(${text});\n`;
  });
  return `// For mongosh, connected to a mongos.\n${steps.join("")}`;
}

async function apply(plan: Plan, url: string): Promise<void> {
  const client = new MongoClient(url, { writeConcern: { w: "majority" } });
  try {
    const { msg } = await client.db("admin").command({ hello: 1 });
    if (msg !== "isdbgrid") throw new Error("this is no mongos: name one of a sharded cluster");
    for (const { why, to, command } of planSharding(plan, { min: new MinKey(), max: new MaxKey() })) {
      process.stdout.write(`${why}\n`);
      await client.db(to === "admin" ? "admin" : plan.database).command({ ...command });
    }
  } finally {
    await client.close();
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  return 1;
});
