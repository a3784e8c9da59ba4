import type { Socket } from "node:net";

export type ConnectionLimits = {
  readonly maxConnections: number;
  /** Of those that `clientOf` gives one name. */
  readonly maxConnectionsPerClient: number;
  readonly maxBytesPerSecond: number;
  /** How long a client that was cut off for what it did may not come again. */
  readonly calmMs: number;
};

/** One end of a connection, by which it is known whatever is wrapped around its socket. */
type End = Pick<Socket, "remoteAddress" | "remotePort">;

/** Decides at a listener's door, before anything is made for a connection. */
export type ConnectionGate = {
  /** Whether the connection may stay; one that may not is gone when this returns. */
  admit(socket: Socket): boolean;
  /** A request came over it. */
  asked(end: End): void;
  /** What came over it was an attack. */
  calm(end: Pick<End, "remoteAddress">): void;
  /** The same, and the connection is closed without a word: to say one to each stream would cost as much as the attack did. */
  cut(end: End): void;
};

/** Undefined for who may have any number of connections, such as a proxy that speaks for many. */
export type ClientOf = (address: string) => string | undefined;

type Connection = { readonly socket: Socket; readBytes: number; allowance: number };

/** How often each connection is looked at; a part of them at a time, since to look at ten thousand sockets holds everybody up. */
const lookEveryMs = 500;
const parts = 10;

/**
 * When all places are taken, the connection that has been there longest without asking for anything makes room: whoever only
 * holds connections keeps nobody out.
 */
export function createConnectionGate(limits: ConnectionLimits, clientOf: ClientOf): ConnectionGate {
  const open = new Map<string, Connection>();
  const silent = new Map<string, Socket>();
  const perClient = new Map<string, number>();
  const makeRoom = (): boolean => {
    const [oldest] = silent;
    if (!oldest) return false;
    silent.delete(oldest[0]);
    oldest[1].destroy();
    return true;
  };
  const outside = new Map<string, number>();
  const calm: ConnectionGate["calm"] = ({ remoteAddress }) => {
    const client = clientOf(remoteAddress ?? "");
    if (client !== undefined && limits.calmMs > 0) outside.set(client, performance.now() + limits.calmMs);
  };
  const mayCome = (client: string | undefined): boolean => {
    if (client !== undefined && (outside.get(client) ?? 0) > performance.now()) return false;
    if (client !== undefined && (perClient.get(client) ?? 0) >= limits.maxConnectionsPerClient) return false;
    return open.size < limits.maxConnections || makeRoom();
  };
  const meter = createMeter(limits.maxBytesPerSecond, ({ socket }) => {
    calm(socket);
    socket.destroy();
  });
  return {
    admit(socket) {
      const client = clientOf(socket.remoteAddress ?? "");
      if (socket.destroyed || !mayCome(client)) {
        socket.destroy();
        return false;
      }
      const connection = { socket, readBytes: 0, allowance: limits.maxBytesPerSecond };
      const name = nameOf(socket);
      open.set(name, connection);
      silent.set(name, socket);
      count(perClient, client, 1);
      const forget = meter(connection);
      socket.once("close", () => {
        if (open.get(name) === connection) open.delete(name);
        if (silent.get(name) === socket) silent.delete(name);
        count(perClient, client, -1);
        forget();
      });
      for (const [cut, until] of outside) if (until < performance.now()) outside.delete(cut);
      return true;
    },
    asked: (end) => void silent.delete(nameOf(end)),
    calm,
    cut(end) {
      calm(end);
      open.get(nameOf(end))?.socket.destroy();
    },
  };
}

const nameOf = ({ remoteAddress, remotePort }: End): string => `${remoteAddress} ${remotePort}`;

function count(counts: Map<string, number>, name: string | undefined, change: number): void {
  if (name === undefined) return;
  const now = (counts.get(name) ?? 0) + change;
  if (now > 0) counts.set(name, now);
  else counts.delete(name);
}

type Part = { readonly connections: Set<Connection>; lookedAt: number };

/** Looks at how much came over each connection, for as long as there are any. Gives what ends that for one. */
function createMeter(maxBytesPerSecond: number, onTooMuch: (connection: Connection) => void): (connection: Connection) => () => void {
  const all = Array.from({ length: parts }, (): Part => ({ connections: new Set(), lookedAt: performance.now() }));
  let timer: NodeJS.Timeout | undefined;
  let count = 0;
  let turn = 0;
  const look = (): void => {
    if (count === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    turn = (turn + 1) % parts;
    const part = all[turn] as Part;
    const now = performance.now();
    const earned = (maxBytesPerSecond * (now - part.lookedAt)) / 1_000;
    part.lookedAt = now;
    for (const connection of part.connections) {
      const { bytesRead } = connection.socket;
      connection.allowance = Math.min(maxBytesPerSecond, connection.allowance + earned) - (bytesRead - connection.readBytes);
      connection.readBytes = bytesRead;
      if (connection.allowance < 0 && !connection.socket.destroyed) onTooMuch(connection);
    }
  };
  let last = 0;
  return (connection) => {
    last = (last + 1) % parts;
    const { connections } = all[last] as Part;
    connections.add(connection);
    count += 1;
    timer ??= setInterval(look, lookEveryMs / parts).unref();
    return () => {
      if (connections.delete(connection)) count -= 1;
    };
  };
}
