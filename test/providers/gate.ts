import net from "node:net";

/** A server's address that can go away and come back: while it is shut, connections are refused and open ones are gone. */
export async function startGate(target: string) {
  const port = Number(new URL(target).port);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((near) => {
    const far = net.connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, "127.0.0.1", resolve));
  const shut = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };
  await listen(0);
  const { port: own } = server.address() as net.AddressInfo;
  return { baseUrl: `http://127.0.0.1:${own}`, shut, open: () => listen(own) };
}
