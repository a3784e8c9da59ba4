/** Watchers who stay until the challenge ends, and watchers who leave without a word. */
import { request as httpRequest } from "node:http";
import { fromBinary, fromJson, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import type { Client, ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { type Act, type Opened, open, type Play } from "./play.ts";
import { describe, metadataOf } from "./wires.ts";

export const createWatchingActs = (client: Client): readonly Act[] => [
  { name: "watch to the end", weight: 4, play: (play) => watchToTheEnd(play, client) },
  { name: "watch and leave", weight: 3, play: (play) => watchAndLeave(play, client) },
  { name: "watch as JSON and hang up", weight: 3, play: watchAndHangUp },
];

const patienceMs = 20_000;
const same = (bytes: Buffer): Buffer => bytes;

function watch(client: Client, key: string, challengeId: string): ClientReadableStream<Buffer> {
  const { path, method } = describe("WatchChallenge");
  const bytes = Buffer.from(toBinary(method.input, fromJson(method.input, { challengeId })));
  return client.makeServerStreamRequest(path, same, same, bytes, metadataOf({ key }), { deadline: Date.now() + 60_000 });
}

const stateOf = (message: Buffer): string => {
  const { output } = describe("WatchChallenge").method;
  const { challenge } = toJson(output, fromBinary(output, message)) as { challenge?: JsonObject };
  return String(challenge?.state ?? "");
};

async function watchToTheEnd(play: Play, client: Client): Promise<void> {
  await withOpened(play, async (opened) => {
    await play.turn();
    const stream = watch(client, play.keyOf("shop"), opened.challengeId);
    const states: string[] = [];
    const ended = new Promise<string>((resolve) => {
      stream.on("end", () => resolve("OK")).on("error", ({ code, details }: ServiceError) => resolve(`gRPC status ${code}: ${details}`));
    });
    stream.on("data", (message: Buffer) => states.push(stateOf(message)));
    await firstOf(stream);
    await play.call("shop", "VerifyCode", opened, ["OK"]);
    const outcome = await ended;
    if (outcome !== "OK") play.unexpected(`WatchChallenge: ${outcome}`);
    else if (states.at(-1) !== "CHALLENGE_STATE_VERIFIED") play.unexpected(`WatchChallenge ended with ${states.at(-1)}`);
  });
}

async function watchAndLeave(play: Play, client: Client): Promise<void> {
  await withOpened(play, async ({ challengeId }) => {
    await play.turn();
    const stream = watch(client, play.keyOf("shop"), challengeId).on("error", () => undefined);
    await firstOf(stream);
    stream.cancel();
  });
}

const firstOf = (stream: ClientReadableStream<Buffer>): Promise<void> =>
  new Promise((resolve) => {
    stream
      .once("data", () => resolve())
      .once("end", () => resolve())
      .once("error", () => resolve());
  });

/** Connect's own framing: a byte of flags, four of length, the message. */
async function watchAndHangUp(play: Play): Promise<void> {
  await withOpened(play, async ({ challengeId }) => {
    await play.turn();
    const message = Buffer.from(JSON.stringify({ challengeId }));
    const body = Buffer.concat([Buffer.alloc(5), message]);
    body.writeUInt32BE(message.length, 1);
    const headers = { "content-type": "application/connect+json", authorization: `Bearer ${play.keyOf("shop")}` };
    await new Promise<void>((resolve) => {
      const url = `http://${play.addresses.http}${describe("WatchChallenge").path}`;
      const request = httpRequest(url, { method: "POST", headers, agent: false, timeout: patienceMs }, (response) => {
        if (response.statusCode !== 200) play.unexpected(`WatchChallenge as JSON: HTTP ${response.statusCode}`);
        response
          .once("data", () => request.destroy())
          .on("error", () => undefined)
          .resume();
      });
      request.on("timeout", () => {
        play.unexpected("WatchChallenge as JSON: silence");
        request.destroy();
      });
      request.on("error", () => undefined).once("close", () => resolve());
      request.end(body);
    });
  });
}

const withOpened = (play: Play, then: (opened: Opened) => Promise<void>): Promise<void> =>
  play.withPerson(async (person) => {
    const opened = await open(play, "shop", person);
    if (opened) await then(opened);
  });
