import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from "smtp-server";

export const login = { user: "codes", password: "test-password" };

export type Mail = {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly secure: boolean;
  readonly user: string;
};

/** Replies by step; a step without one goes well. */
export type Replies = {
  readonly MAIL?: readonly [code: number, text: string];
  readonly RCPT?: readonly [code: number, text: string];
  readonly DATA?: readonly [code: number, text: string];
  /** Closes the connection when the whole text has arrived, without a word. */
  readonly dropAfterData?: boolean;
  /** Reads the text and says nothing. */
  readonly hangAfterData?: boolean;
  /** Closes the connection when the recipient is named. */
  readonly dropAtRcpt?: boolean;
};

/** A real SMTP server on a free port, with a certificate of its own. */
export async function startSmtpServer(options: SMTPServerOptions = {}) {
  const certificate = makeCertificate();
  const mails: Mail[] = [];
  const state: { replies: Replies; connections: number; transactions: number } = { replies: {}, connections: 0, transactions: 0 };
  const sockets = new Set<Socket>();
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = new SMTPServer({
    ...certificate,
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 200,
    onAuth: ({ username, password }, _session, done) =>
      username === login.user && password === login.password
        ? done(null, { user: username })
        : done(replyError([535, "5.7.8 authentication failed"])),
    onMailFrom(_address, _session, done) {
      state.transactions += 1;
      done(state.replies.MAIL && replyError(state.replies.MAIL));
    },
    onRcptTo(_address, _session, done) {
      if (state.replies.dropAtRcpt) drop();
      else done(state.replies.RCPT && replyError(state.replies.RCPT));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        const { replies } = state;
        if (replies.dropAfterData) drop();
        if (replies.dropAfterData || replies.hangAfterData) return;
        if (!replies.DATA) mails.push(mailOf(session, Buffer.concat(chunks)));
        done(replies.DATA && replyError(replies.DATA));
      });
    },
    ...options,
  });
  server.on("error", () => {});
  server.server.on("connection", (socket: Socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    ca: certificate.cert,
    mails,
    state,
    drop,
    async stop() {
      drop();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

const mailOf = ({ envelope, secure, user }: SMTPServerSession, raw: Buffer): Mail => ({
  from: envelope.mailFrom === false ? "" : envelope.mailFrom.address,
  to: envelope.rcptTo.map(({ address }) => address),
  raw: raw.toString("utf8"),
  secure,
  user: String(user ?? ""),
});

const replyError = ([responseCode, text]: readonly [number, string]): Error => Object.assign(new Error(text), { responseCode });

/** Self-signed, for the name and the address that tests connect to. */
export function makeCertificate(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "countersign-smtp-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
      "-subj",
      "/CN=localhost",
    ];
    execFileSync("openssl", [...request, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
