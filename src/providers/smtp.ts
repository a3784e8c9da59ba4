import type { Readable } from "node:stream";
import type { SendMailOptions, SMTPPoolOptions } from "nodemailer";
import type { Message } from "../otp/ports.ts";
import type { ClosableProvider } from "./closable-provider.ts";
import type { SmtpConfig } from "./smtp-config.ts";
import { readResponse, type SmtpError } from "./smtp-errors.ts";

/** Any mail server, over a pool of connections that stay open between messages. */
export async function createSmtp(name: string, config: SmtpConfig): Promise<ClosableProvider> {
  const { createTransport } = await import("nodemailer");
  const transporter = createTransport(poolOptions(config));
  const streams = new WeakMap<AbortSignal, Readable[]>();
  transporter.use("stream", (mail, done) => {
    const { message, data } = mail;
    const create = message.createReadStream.bind(message);
    message.createReadStream = (options) => {
      const stream = create(options);
      if (data.signal) streams.set(data.signal, [...(streams.get(data.signal) ?? []), stream]);
      return stream;
    };
    done();
  });
  return {
    name,
    close: async () => transporter.close(),
    async send(message, signal) {
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutSeconds * 1000)]);
      try {
        const { messageId } = await transporter.sendMail({ ...buildRequest(message, config), signal: bounded });
        return { outcome: "accepted", reference: messageId };
      } catch (error) {
        // The text is read when the server has asked for it: from then on it may take the message without our learning of it.
        const written = (streams.get(bounded) ?? []).some((stream) => stream.readableDidRead);
        return readResponse({ ...(error as Omit<SmtpError, "written">), written });
      }
    },
  };
}

/**
 * Addresses are given apart from names, and the envelope apart from both, so that nothing is left to an address parser.
 * The delivery's own id makes a copy of a message one that mail programs can tell.
 */
export function buildRequest(message: Message, { from }: SmtpConfig): SendMailOptions {
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  return {
    from: { name: message.fromName ?? from.name ?? "", address: from.address },
    to: { name: "", address: message.to },
    envelope: { from: from.address, to: [message.to] },
    messageId: `<${message.deliveryId}@${domain}>`,
    subject: message.subject ?? "",
    text: message.text,
    ...(message.html !== undefined && { html: message.html }),
    // RFC 3834, section 5, and what Exchange asks for instead: no out-of-office reply to a code.
    headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** One requeue: of a message whose idle connection the server had closed before a byte of it was sent. */
function poolOptions({ host, port, tls, ca, auth, maxConnections, connectTimeoutSeconds, timeoutSeconds }: SmtpConfig) {
  const connectMs = connectTimeoutSeconds * 1000;
  return {
    pool: true,
    host,
    port: port ?? (tls === "implicit" ? 465 : 587),
    secure: tls === "implicit",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    tls: { minVersion: "TLSv1.2", ...(ca !== undefined && { ca }) },
    ...(auth && { auth: { user: auth.user, pass: auth.password } }),
    maxConnections,
    maxRequeues: 1,
    dnsTimeout: connectMs,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    socketTimeout: timeoutSeconds * 1000,
    maxResponseSize: 64 * 1024,
  } satisfies SMTPPoolOptions & { pool: true };
}
