/** Readers of a stream who have stopped reading: they cost little memory, and do not hold up the end. */
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import type { Challenge } from "../../src/otp/challenge.ts";
import { allowed } from "../../src/otp/refusal.ts";
import { key, startWires, useCasesThat } from "./fixture.ts";

const challenge: Challenge = {
  challengeId: "A".repeat(36),
  state: "pending",
  channel: "sms",
  maskedRecipient: "",
  purpose: "login",
  createdAt: 0,
  expiresAt: 0,
  resendAt: 0,
  codeLength: 6,
  attemptsRemaining: 5,
  sendsRemaining: 4,
  deliveries: [],
  sandbox: false,
};

/** Each takes the answer's head and then nothing more. */
const readers: Record<string, (addresses: { grpc: string; http: string }) => void> = {
  gRPC: ({ grpc }) => {
    const session = connectHttp2(`http://${grpc}`);
    onTestFinished(() => session.destroy());
    session.on("error", () => undefined);
    const stream = session.request({
      ":method": "POST",
      ":path": "/countersign.v1.CodeService/WatchChallenge",
      "content-type": "application/grpc",
      te: "trailers",
      authorization: `Bearer ${key}`,
    });
    stream.on("error", () => undefined);
    stream.pause();
    stream.end(Buffer.alloc(5));
  },
  "gRPC-Web": ({ http }) => void post(http, "application/grpc-web+proto"),
  Connect: ({ http }) => void post(http, "application/connect+proto"),
};

it.each(Object.entries(readers))("%s", async (_, read) => {
  let made = 0;
  let isOver = false;
  const service = await startWires({
    useCases: useCasesThat({
      watchChallenge: async function* () {
        try {
          for (; ; made += 1) {
            // As slowly as a poll, so that other things have their turn.
            if (made % 100 === 0) await sleep(1);
            yield allowed(challenge);
          }
        } finally {
          isOver = true;
        }
      },
    }),
  });
  read(service.addresses);
  await expect.poll(() => made).toBeGreaterThan(100);
  await expect.poll(async () => made === (await sleep(300).then(() => made)), { timeout: 20_000 }).toBe(true);
  // What the kernel and the flow-control window hold is not ours.
  expect(made).toBeLessThan(100_000);
  const started = performance.now();
  await Promise.all([service.grpcListener.close(20_000), service.httpListener.close(20_000)]);
  expect(performance.now() - started).toBeLessThan(3_000);
  await expect.poll(() => isOver).toBe(true);
  expect(service.failures).toEqual([]);
});

function post(address: string, contentType: string): Socket {
  const [host, port] = address.split(":");
  const socket = connect(Number(port), host);
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  socket.pause();
  const head = [
    "POST /countersign.v1.CodeService/WatchChallenge HTTP/1.1",
    "host: x",
    `content-type: ${contentType}`,
    `authorization: Bearer ${key}`,
    "content-length: 5",
  ];
  socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), Buffer.alloc(5)]));
  return socket;
}
