/**
 * Load that costs next to nothing, since it runs on the same cores as what it measures: requests are bytes that were made before, sent
 * on connections that are kept, some of them ahead of their answers (HTTP/1.1 pipelining), and of an answer only its status is read.
 */
import { connect, type Socket } from "node:net";

export type RawLoad = {
  /** Calls that were answered in so long a time. Rejects when one was answered otherwise, or a connection is lost. */
  run(seconds: number): Promise<{ readonly calls: number; readonly seconds: number }>;
  close(): void;
};

type Options = { readonly address: string; readonly request: Buffer; readonly status: number };

const connections = 32;
/** Requests of a connection that wait for their answer. */
const ahead = 4;

export async function openRawLoad({ address, request, status }: Options): Promise<RawLoad> {
  const [host, port] = address.split(":");
  const state = { answered: 0, isRunning: false };
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const open = (): Promise<Socket> =>
    new Promise((resolve) => {
      const socket = connect({ host, port: Number(port), noDelay: true });
      const count = createCounter(status);
      socket.once("connect", () => resolve(socket));
      socket.on("error", fail).once("close", () => fail(new Error("the service closed a connection")));
      socket.on("data", (bytes: Buffer) => {
        const answers = count(bytes);
        if (Number.isNaN(answers)) fail(new Error(`a call was not answered with ${status}: ${bytes.toString("latin1", 0, 300)}`));
        state.answered += answers;
        if (state.isRunning && answers > 0) socket.write(answers === 1 ? request : Buffer.concat(Array(answers).fill(request)));
      });
    });
  const sockets = await Promise.all(Array.from({ length: connections }, open));
  const wait = (ms: number): Promise<unknown> => Promise.race([failed, new Promise((resolve) => setTimeout(resolve, ms))]);
  return {
    async run(seconds) {
      const [start, before] = [performance.now(), state.answered];
      state.isRunning = true;
      for (const socket of sockets) socket.write(Buffer.concat(Array(ahead).fill(request)));
      await wait(seconds * 1000);
      const [calls, end] = [state.answered - before, performance.now()];
      state.isRunning = false;
      // What is still to be answered would be counted in the next run.
      const all = state.answered + connections * ahead;
      while (state.answered < all) await wait(5);
      return { calls, seconds: (end - start) / 1000 };
    },
    close() {
      failed.catch(() => {});
      for (const socket of sockets)
        socket
          .removeAllListeners()
          .on("error", () => {})
          .destroy();
    },
  };
}

/** Counts answers of one status in what arrives, piece by piece; NaN when there is another. */
function createCounter(status: number): (bytes: Buffer) => number {
  let rest = "";
  return (bytes) => {
    const text = rest + bytes.toString("latin1");
    const answers = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)];
    const counted = (answers.at(-1)?.index ?? -statusLineLength) + statusLineLength;
    rest = text.slice(Math.max(counted, text.length - statusLineLength + 1));
    return answers.every(([, code]) => code === `${status}`) ? answers.length : Number.NaN;
  };
}

const statusLineLength = "HTTP/1.1 200".length;
