import net from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ClosableProvider } from "../../src/providers/closable-provider.ts";
import { buildRequest, createSmtp } from "../../src/providers/smtp.ts";
import { smtpConfig } from "../../src/providers/smtp-config.ts";
import { mailMessage, patience } from "./messages.ts";
import { login, type Replies, startSmtpServer } from "./smtp-server.ts";

type Server = Awaited<ReturnType<typeof startSmtpServer>>;
const servers: Server[] = [];
const providers: ClosableProvider[] = [];

afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close();
  for (const server of servers.splice(0)) await server.stop();
});

async function serve(options?: Parameters<typeof startSmtpServer>[0]): Promise<Server> {
  const server = await startSmtpServer(options);
  servers.push(server);
  return server;
}

async function provide(server: Pick<Server, "port"> & Partial<Pick<Server, "ca">>, more: object = {}): Promise<ClosableProvider> {
  const from = { address: "no-reply@codes.example", name: 'Example, "Codes" <x>' };
  const { port, ca } = server;
  const provider = await createSmtp(
    "mail",
    smtpConfig.parse({ kind: "smtp", host: "127.0.0.1", port, ca, auth: login, from, timeoutSeconds: 3, ...more }),
  );
  providers.push(provider);
  return provider;
}

describe("a mail", () => {
  test("arrives encrypted, authenticated, from and to exactly one address, in text and HTML", async () => {
    const server = await serve();
    const provider = await provide(server);
    expect(await provider.send(mailMessage, patience())).toEqual({ outcome: "accepted", reference: "<d1@codes.example>" });
    const [mail] = server.mails;
    expect(mail).toMatchObject({ from: "no-reply@codes.example", to: ["Ada+codes@example.org"], secure: true, user: login.user });
    const { header, body } = split(mail?.raw);
    expect(header).toContain('From: "Example, \\"Codes\\" <x>" <no-reply@codes.example>');
    expect(header).toContain("To: Ada+codes@example.org");
    expect(header).toContain("Subject: Your Example code");
    expect(header).toContain("Message-ID: <d1@codes.example>");
    expect(header).toContain("Auto-Submitted: auto-generated");
    expect(header).not.toMatch(/x-mailer|list-unsubscribe/i);
    expect(header).not.toContain(mailMessage.code);
    expect(body).toMatch(/Content-Type: text\/plain[\s\S]+482913 is your Example code[\s\S]+Content-Type: text\/html[\s\S]+<p>482913<\/p>/);
  });

  test("cannot be given another header or recipient by what is in it", async () => {
    const server = await serve();
    const provider = await provide(server);
    const subject = "Your code\r\nBcc: eve@example.org";
    expect(await provider.send({ ...mailMessage, subject, text: "1\r\n.\r\nMAIL FROM:<eve@example.org>\r\n" }, patience())).toMatchObject({
      outcome: "accepted",
    });
    expect(server.mails).toHaveLength(1);
    expect(server.mails[0]?.to).toEqual(["Ada+codes@example.org"]);
    expect(split(server.mails[0]?.raw).header).not.toMatch(/^Bcc:/m);
  });

  test("shares one connection with the next ones", async () => {
    const server = await serve();
    const provider = await provide(server);
    for (let round = 0; round < 5; round += 1) expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "accepted" });
    expect(server.state.connections).toBe(1);
  });

  test("goes out over another connection when the server had closed the idle one, once", async () => {
    const server = await serve({ socketTimeout: 300 });
    const provider = await provide(server);
    await provider.send(mailMessage, patience());
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "accepted" });
    expect(server.mails).toHaveLength(2);
    expect(server.state.connections).toBe(2);
  });

  test("goes out over another connection when the idle one turns out to be dead before the text", async () => {
    let recipients = 0;
    const server = await serve({
      onRcptTo(_address, _session, done) {
        recipients += 1;
        if (recipients === 2) server.drop();
        else done();
      },
    });
    const provider = await provide(server);
    await provider.send(mailMessage, patience());
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "accepted" });
    expect([recipients, server.mails.length]).toEqual([3, 2]);
  });

  test("goes out under implicit TLS, and without any to this machine", async () => {
    const implicit = await serve({ secure: true });
    expect(await (await provide(implicit, { tls: "implicit" })).send(mailMessage, patience())).toMatchObject({ outcome: "accepted" });
    expect(implicit.mails[0]?.secure).toBe(true);
    const plain = await serve({ hideSTARTTLS: true, disabledCommands: ["STARTTLS", "AUTH"] });
    expect(await (await provide(plain, { tls: "none", auth: undefined })).send(mailMessage, patience())).toMatchObject({
      outcome: "accepted",
    });
    expect(plain.mails[0]?.secure).toBe(false);
  });
});

type Case = readonly [name: string, replies: Replies, expected: object];

const cases: readonly Case[] = [
  [
    "no such mailbox",
    { RCPT: [550, "5.1.1 no such user"] },
    { outcome: "permanent", failure: "recipient_refused", vendorCode: "550 5.1.1" },
  ],
  [
    "no such mailbox, said without an enhanced code",
    { RCPT: [550, "no such user"] },
    { outcome: "permanent", failure: "recipient_refused", vendorCode: "550" },
  ],
  ["not local", { RCPT: [551, "5.1.6 moved"] }, { outcome: "permanent", failure: "recipient_refused" }],
  ["a full mailbox", { RCPT: [552, "5.2.2 full"] }, { outcome: "permanent", failure: "recipient_refused" }],
  ["a mailbox name not allowed", { RCPT: [553, "5.1.3 bad name"] }, { outcome: "permanent", failure: "recipient_refused" }],
  ["relaying denied", { RCPT: [554, "5.7.1 relay access denied"] }, { outcome: "permanent", failure: "sender_refused" }],
  ["greylisting", { RCPT: [450, "4.7.1 try again later"] }, { outcome: "retryable", failure: "throttled" }],
  ["a local error", { RCPT: [451, "4.3.0 error"] }, { outcome: "retryable", failure: "provider_error" }],
  ["too many at once", { RCPT: [452, "4.5.3 too many"] }, { outcome: "retryable", failure: "throttled" }],
  ["a sender refused", { MAIL: [550, "5.1.8 bad sender"] }, { outcome: "permanent", failure: "sender_refused" }],
  [
    "a sender to be authenticated",
    { MAIL: [530, "5.7.0 authentication required"] },
    { outcome: "permanent", failure: "credentials_refused" },
  ],
  ["closing down", { MAIL: [421, "4.3.2 closing"] }, { outcome: "retryable", failure: "provider_error" }],
  ["spam", { DATA: [554, "5.7.1 spam"] }, { outcome: "permanent", failure: "content_refused" }],
  ["too large", { DATA: [552, "5.3.4 too big"] }, { outcome: "permanent", failure: "content_refused" }],
  ["a full disk", { DATA: [452, "4.3.1 no space"] }, { outcome: "retryable", failure: "provider_error" }],
  ["a connection lost before the text", { dropAtRcpt: true }, { outcome: "retryable", failure: "unreachable" }],
  ["a connection lost after the text", { dropAfterData: true }, { outcome: "unknown", failure: "unreachable" }],
  ["no answer to the text", { hangAfterData: true }, { outcome: "unknown", failure: "timeout" }],
];

describe("one transaction, and what its replies mean", () => {
  test.each(cases)("%s", async (_name, replies, expected) => {
    const server = await serve();
    server.state.replies = replies;
    const provider = await provide(server, { timeoutSeconds: 1 });
    expect(await provider.send(mailMessage, patience())).toMatchObject(expected);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(server.state.transactions).toBe(1);
    expect(server.mails).toHaveLength(0);
  });

  test("a connection lost in the second message on it, after the text, is not repeated", async () => {
    const server = await serve();
    const provider = await provide(server);
    await provider.send(mailMessage, patience());
    server.state.replies = { dropAfterData: true };
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "unknown", failure: "unreachable" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.state.transactions).toBe(2);
  });
});

describe("what never left", () => {
  test("a wrong password", async () => {
    const server = await serve();
    const provider = await provide(server, { auth: { ...login, password: "other" } });
    expect(await provider.send(mailMessage, patience())).toMatchObject({
      outcome: "permanent",
      failure: "credentials_refused",
      vendorCode: "535 5.7.8",
    });
    expect(server.state.transactions).toBe(0);
  });

  test("a server without STARTTLS is told neither password nor code", async () => {
    let attempts = 0;
    const server = await serve({
      hideSTARTTLS: true,
      disabledCommands: ["STARTTLS"],
      onAuth(_auth, _session, done) {
        attempts += 1;
        done(new Error("no"));
      },
    });
    const provider = await provide(server);
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "retryable", failure: "unreachable" });
    expect([server.state.transactions, attempts]).toEqual([0, 0]);
  });

  test("a certificate nobody vouches for", async () => {
    const server = await serve();
    const provider = await provide({ port: server.port });
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "retryable", failure: "unreachable" });
    expect(server.state.transactions).toBe(0);
  });

  test("a connection refused", async () => {
    const server = await serve();
    await server.stop();
    const provider = await provide(server);
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "retryable", failure: "unreachable" });
  });

  test("a server that does not greet", async () => {
    const silent = net.createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const provider = await provide({ port: (silent.address() as net.AddressInfo).port }, { connectTimeoutSeconds: 1 });
    expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "retryable", failure: "timeout" });
    silent.close();
  });

  test("a caller who was gone before", async () => {
    const server = await serve();
    const provider = await provide(server);
    expect(await provider.send(mailMessage, AbortSignal.abort())).toMatchObject({ outcome: "retryable", failure: "timeout" });
    expect(server.state.connections).toBe(0);
  });
});

test("the caller's deadline ends a message before the provider's own time", async () => {
  const server = await serve();
  server.state.replies = { hangAfterData: true };
  const provider = await provide(server, { timeoutSeconds: 10 });
  const started = performance.now();
  expect(await provider.send(mailMessage, AbortSignal.timeout(500))).toMatchObject({ outcome: "unknown", failure: "timeout" });
  expect(performance.now() - started).toBeLessThan(3_000);
});

test("closing lets a message under way finish", async () => {
  const server = await serve({
    onData(stream, _session, done) {
      stream.resume().on("end", () => setTimeout(done, 300));
    },
  });
  const provider = await provide(server);
  const sending = provider.send(mailMessage, patience());
  await vi.waitFor(() => expect(server.state.transactions).toBe(1));
  await provider.close();
  expect(await sending).toMatchObject({ outcome: "accepted" });
  expect(await provider.send(mailMessage, patience())).toMatchObject({ outcome: "retryable" });
});

function split(raw = ""): { header: string; body: string } {
  const end = raw.indexOf("\r\n\r\n");
  return { header: raw.slice(0, end).replace(/\r\n[ \t]/g, " "), body: raw.slice(end) };
}

test("a message may say whom it is from; the address stays the provider's", () => {
  const config = smtpConfig.parse({ kind: "smtp", host: "127.0.0.1", from: { address: "no-reply@codes.example", name: "Example" } });
  const name = 'Payments, "x" <eve@example.org>';
  expect(buildRequest({ ...mailMessage, fromName: name }, config).from).toEqual({ name, address: "no-reply@codes.example" });
  expect(buildRequest(mailMessage, config).from).toEqual({ name: "Example", address: "no-reply@codes.example" });
});
