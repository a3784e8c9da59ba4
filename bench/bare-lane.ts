import { randomBytes } from "node:crypto";
import { MongoClient } from "mongodb";
import { VerifyCodeRequestSchema } from "../src/gen/countersign/v1/code_service_pb.js";
import { bareCollection, barePaths, recordOf } from "./bare.ts";
import type { Lane } from "./lane.ts";
import { measure, merge, type Sample } from "./measure.ts";
import type { Measured } from "./processes.ts";
import { burstCalls, expecting } from "./scenario.ts";
import { createGrpcWire } from "./wires.ts";

type BareOptions = { readonly measured: Measured; readonly parallel: number; readonly mongoUrl: string | undefined };

/** The bare handlers, as scenarios of their own. */
export async function createBareLane({ measured, parallel, mongoUrl }: BareOptions): Promise<Lane> {
  const wire = createGrpcWire(measured.addresses.grpc);
  const challenges = Array.from({ length: burstCalls }, () => randomBytes(27).toString("base64url"));
  if (mongoUrl) await seed(mongoUrl, challenges);
  const burstOf = (path: string) => {
    const requests = challenges.map((challengeId) =>
      wire.encode(path, VerifyCodeRequestSchema, { challengeId, code: "123456", purpose: "login" }),
    );
    const calls = requests.map((request) => () => expecting("ok", wire.call(request)));
    return () => measure(measured, parallel, calls);
  };
  const bursts = Object.entries(barePaths)
    .filter(([name]) => name === "nothing" || mongoUrl)
    .map(([name, path]) => [name, burstOf(path)] as const);
  return {
    async round(seconds) {
      const results = new Map<string, Sample>();
      for (const [name, burst] of bursts) {
        const samples: Sample[] = [];
        while (merge(samples).seconds < seconds) samples.push(await burst());
        results.set(`bare ${name}`, merge(samples));
      }
      return results;
    },
    close: () => wire.close(),
  };
}

/** Records that are there, as a challenge is when its code comes in. */
async function seed(url: string, challenges: readonly string[]): Promise<void> {
  const client = new MongoClient(url);
  const records = challenges.map((challengeId) => ({ _id: recordOf(Buffer.from(`  ${challengeId}`)), n: 0 }));
  try {
    await client.db().collection<{ _id: string; n: number }>(bareCollection).insertMany(records);
  } finally {
    await client.close();
  }
}
