import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/**
 * Stands between the service and its database. `passing`: everything goes through. `cut`: every connection is reset, and every new
 * one. `stalled`: connections are accepted, and nothing comes back any more, as behind a firewall that drops.
 */
export type ProxyMode = "passing" | "cut" | "stalled";

export async function startProxy(target: { readonly host: string; readonly port: number }) {
  let mode: ProxyMode = "passing";
  const sockets = new Set<Socket>();
  const connections = { current: 0, most: 0 };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((from) => {
    keep(from);
    connections.current += 1;
    connections.most = Math.max(connections.most, connections.current);
    from.on("close", () => {
      connections.current -= 1;
    });
    if (mode === "cut") return from.resetAndDestroy();
    if (mode === "stalled") return from.resume();
    const to = connect(target);
    keep(to);
    from.on("close", () => to.destroy());
    to.on("close", () => from.destroy());
    // A connection that was stalled once stays so: what was lost on the way does not come back.
    pump(from, to);
    pump(to, from);
  });
  const pump = (source: Socket, sink: Socket): void => {
    let lost = false;
    source.on("data", (chunk) => {
      lost ||= mode === "stalled";
      if (!lost) sink.write(chunk);
    });
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    set(next: ProxyMode): void {
      mode = next;
      if (mode === "cut") for (const socket of sockets) socket.resetAndDestroy();
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
