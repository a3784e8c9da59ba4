import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { BSON, type Document } from "mongodb";

/**
 * Stands between the service and MongoDB, and knows its messages (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
 * `delayMs`: every answer comes so much later. `refuseWrites`: those are answered by this error, as a server that is no primary, or
 * whose user may only read, answers them.
 */
export async function startMongoProxy(target: { readonly host: string; readonly port: number }) {
  const terms: {
    delayMs: number;
    refuseWrites?: { readonly code: number; readonly codeName: string; readonly errmsg: string } | undefined;
  } = { delayMs: 0 };
  const connections = { current: 0, most: 0 };
  /** `decisive`: the operations that a call is decided by, whatever became of them. */
  const seen = { refused: 0, decisive: 0 };
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const later = (work: () => void): void => void (terms.delayMs === 0 ? work() : setTimeout(work, terms.delayMs));
  const server = createServer((from) => {
    const to = connect(target);
    for (const socket of [from, to]) keep(socket);
    connections.current += 1;
    connections.most = Math.max(connections.most, connections.current);
    from.on("close", () => {
      connections.current -= 1;
      to.destroy();
    });
    to.on("close", () => from.destroy());
    inMessages(from, (message) => {
      const command = commandIn(message);
      if (command && "findAndModify" in command) seen.decisive += 1;
      if (!terms.refuseWrites || !command || !writes.has(Object.keys(command)[0] ?? "")) return void to.write(message);
      seen.refused += 1;
      const answer = answerTo(message, { ok: 0, ...terms.refuseWrites });
      later(() => from.write(answer));
    });
    inMessages(to, (message) => later(() => !from.destroyed && from.write(message)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    seen,
    terms,
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const writes = new Set(["insert", "update", "delete", "findAndModify", "findandmodify"]);
const opMessage = 2013;

function inMessages(socket: Socket, each: (message: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0);
      each(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  });
}

/** The body of a message, which comes first; undefined where it is another kind. */
function commandIn(message: Buffer): Document | undefined {
  if (message.readInt32LE(12) !== opMessage || message[20] !== 0) return undefined;
  return BSON.deserialize(message.subarray(21, 21 + message.readInt32LE(21)));
}

function answerTo(message: Buffer, document: Document): Buffer {
  const body = Buffer.from(BSON.serialize(document));
  const head = Buffer.alloc(21);
  head.writeInt32LE(head.length + body.length, 0);
  head.writeInt32LE(message.readInt32LE(4), 8);
  head.writeInt32LE(opMessage, 12);
  return Buffer.concat([head, body]);
}
