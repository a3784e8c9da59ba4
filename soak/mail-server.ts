import type { AddressInfo, Socket } from "node:net";
import { generate } from "selfsigned";
import { SMTPServer } from "smtp-server";
import type { Mailbox } from "./mailbox.ts";

export type MailServer = { readonly port: number; readonly ca: string; fail(isFailing: boolean): void; stop(): Promise<void> };

/** A real SMTP server with STARTTLS, where every address exists. */
export async function startMailServer(mailbox: Mailbox): Promise<MailServer> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
  });
  let isFailing = false;
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    key,
    cert,
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 200,
    onRcptTo: (_address, _session, done) => done(isFailing ? Object.assign(new Error("not now"), { responseCode: 451 }) : null),
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const [, code = ""] = /^(\d{4,10})\b/m.exec(text.slice(text.indexOf("\r\n\r\n"))) ?? [];
        for (const { address } of envelope.rcptTo) mailbox.put(address, code);
        done(null);
      });
    },
  });
  server.on("error", () => undefined);
  server.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    ca: cert,
    fail(now) {
      isFailing = now;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
