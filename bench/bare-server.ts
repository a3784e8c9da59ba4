/**
 * What Countersign is compared with: grpc-js without anything around it, in front of the same database through the same driver.
 * Messages are bytes of the size of VerifyCode's, so that not even parsing is paid for.
 */
import { type handleUnaryCall, type MethodDefinition, Server, ServerCredentials } from "@grpc/grpc-js";
import { type Collection, MongoClient } from "mongodb";
import { answerBytes, bareCollection, barePaths, mongoUrlVariable, recordOf } from "./bare.ts";

type Record = { readonly _id: string; readonly n: number };
type Handler = handleUnaryCall<Buffer, Buffer>;

const identity = (bytes: Buffer): Buffer => bytes;
const method = (path: string): MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: identity,
  requestDeserialize: identity,
  responseSerialize: identity,
  responseDeserialize: identity,
});

const answer = Buffer.alloc(answerBytes, 1);
const doNothing: Handler = (_, respond) => respond(null, answer);

const findOneAndUpdate =
  (records: Collection<Record>): Handler =>
  ({ request }, respond) => {
    records.findOneAndUpdate({ _id: recordOf(request) }, { $inc: { n: 1 } }, { returnDocument: "after" }).then(
      (record) => respond(record ? null : { code: 5 }, answer),
      (error: Error) => respond({ code: 13, details: error.message }),
    );
  };

const url = process.env[mongoUrlVariable];
// As src/store/mongo.ts connects.
const client = url
  ? new MongoClient(url, {
      maxPoolSize: 64,
      writeConcern: { w: "majority", journal: true, wtimeoutMS: 2_000 },
      readPreference: "primary",
      socketTimeoutMS: 2_000,
    })
  : undefined;
await client?.connect();

const server = new Server({ "grpc.enable_channelz": 0 });
server.addService({ nothing: method(barePaths.nothing) }, { nothing: doNothing });
if (client) {
  const handler = findOneAndUpdate(client.db().collection<Record>(bareCollection));
  server.addService({ update: method(barePaths.findOneAndUpdate) }, { update: handler });
}
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.stdout.write(`${JSON.stringify({ event: "started", grpc: `127.0.0.1:${port}`, http: "" })}\n`);
});

process.once("SIGTERM", () => {
  server.forceShutdown();
  void client?.close();
});
