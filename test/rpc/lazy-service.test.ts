import { Client, credentials, Server, ServerCredentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { addLazyService, type Loaded } from "../../src/rpc/lazy-service.ts";
import { startWires, useCasesThat } from "./fixture.ts";

const asItIs = (bytes: Buffer): Buffer => bytes;
/** Wire type 7, which there is not. */
const broken = Buffer.of(0x0f);
const health = "/grpc.health.v1.Health";

let service: Awaited<ReturnType<typeof startWires>>;
beforeAll(async () => {
  service = await startWires({ useCases: useCasesThat({}) });
});
afterAll(() => service.close());

function clientOf(address: string): Client {
  const client = new Client(address, credentials.createInsecure());
  onTestFinished(() => client.close());
  return client;
}

const ask = (client: Client, path: string, bytes: Buffer): Promise<Buffer | ServiceError> =>
  new Promise((resolve) => client.makeUnaryRequest(path, asItIs, asItIs, bytes, (error, answer) => resolve(error ?? (answer as Buffer))));

it("answers what it cannot read, and goes on", async () => {
  const client = clientOf(service.addresses.grpc);
  expect(await ask(client, `${health}/Check`, broken)).toMatchObject({ code: status.INTERNAL, details: "Error deserializing request" });
  const watch = client.makeServerStreamRequest(`${health}/Watch`, asItIs, asItIs, broken).resume();
  expect(await new Promise((resolve) => watch.once("error", resolve))).toMatchObject({ code: status.INTERNAL });
  for (const name of ["v1", "v1alpha"]) {
    const talk = client.makeBidiStreamRequest(`/grpc.reflection.${name}.ServerReflection/ServerReflectionInfo`, asItIs, asItIs).resume();
    talk.write(broken);
    expect(await new Promise((resolve) => talk.once("error", resolve))).toMatchObject({ code: status.INTERNAL });
  }
  // SERVING.
  expect(await ask(client, `${health}/Check`, Buffer.alloc(0))).toEqual(Buffer.of(0x08, 1));
});

it("is loaded with the next call when it could not be with the first, whose caller reads nothing of why", async () => {
  const method = { path: "/x.Y/Say", requestStream: false, responseStream: false, requestDeserialize: asItIs, requestSerialize: asItIs };
  const loaded: Loaded = {
    definition: { Say: { ...method, responseSerialize: asItIs, responseDeserialize: asItIs } },
    implementation: { say: (_: unknown, callback: (error: null, answer: Buffer) => void) => callback(null, Buffer.of(7)) },
  };
  let loads = 0;
  const load = async (): Promise<Loaded> => {
    loads += 1;
    if (loads === 1) throw new Error("EMFILE: too many open files, open '/secret/path'");
    return loaded;
  };
  const server = new Server();
  addLazyService(server, { name: "x.Y", methods: { Say: "unary" }, load });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  onTestFinished(() => server.forceShutdown());
  const client = clientOf(`127.0.0.1:${port}`);
  const first = (await ask(client, "/x.Y/Say", Buffer.alloc(0))) as ServiceError;
  expect([first.code, first.details]).toEqual([status.INTERNAL, "Error deserializing request"]);
  for (let call = 0; call < 3; call++) expect(await ask(client, "/x.Y/Say", Buffer.alloc(0))).toEqual(Buffer.of(7));
  expect(loads).toBe(2);
});
