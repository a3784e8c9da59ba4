import { connect, createServer, type Socket } from "node:net";

/** A wire to a server that a test can cut, stall and mend. */
export type Wire = {
  readonly port: number;
  /** Ends every connection and refuses new ones. */
  cut(): void;
  /** Takes connections and bytes, and passes nothing on. */
  stall(): void;
  mend(): void;
  close(): Promise<void>;
};

export async function startWire(target: { readonly host: string; readonly port: number }): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: "whole" | "cut" | "stalled" = "whole";
  const server = createServer((near) => {
    if (state === "cut") return void near.destroy();
    const far = connect(target);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.setNoDelay(true).on("data", (bytes) => void to.write(bytes));
      from
        .on("error", () => {})
        .on("close", () => {
          to.destroy();
          pairs.delete(pair);
        });
      if (state === "stalled") from.pause();
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("the wire has no port");
  const endAll = () => pairs.forEach(([near]) => void near.destroy());
  const each = (action: (socket: Socket) => void) => pairs.forEach((pair) => void pair.forEach(action));
  return {
    port: address.port,
    cut() {
      state = "cut";
      endAll();
    },
    stall() {
      state = "stalled";
      each((socket) => void socket.pause());
    },
    mend() {
      state = "whole";
      each((socket) => void socket.resume());
    },
    close() {
      endAll();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
