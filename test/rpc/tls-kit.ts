import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { onTestFinished } from "vitest";
import { allowed } from "../../src/otp/refusal.ts";
import type { Call } from "../../src/otp/types.ts";
import type { Tls } from "../../src/rpc/tls.ts";
import { startWires, useCasesThat } from "./fixture.ts";
import { createAuthority, createCertificate, createServerCertificate, type Pair } from "./tls-certificates.ts";
import type { ClientTls } from "./tls-fetch.ts";
import { type WireClient, wireClients } from "./wire-clients.ts";

export type Authorities = { readonly server: Pair; readonly clients: Pair; readonly stranger: Pair; readonly listener: Pair };

export async function createAuthorities(): Promise<Authorities> {
  const [server, clients, stranger] = await Promise.all(["servers", "clients", "strangers"].map(createAuthority));
  if (!server || !clients || !stranger) throw new Error("unreachable");
  return { server, clients, stranger, listener: await createServerCertificate(server) };
}

export const tlsOf = ({ listener }: Pick<Authorities, "listener">, more: Partial<Tls> = {}): Tls => ({
  ...listener,
  minVersion: "1.2",
  requireClientCertificate: false,
  ...more,
});

type Options = Partial<Omit<Parameters<typeof startWires>[0], "useCases">>;

/** Listeners whose answers are a challenge, however often they are asked, and who was told to have asked. */
export async function startTlsWires(options: Options) {
  const calls: { readonly call: Call; readonly address: string | undefined }[] = [];
  const answer = async (_: unknown, call: Call) => {
    calls.push({ call, address: call.client?.().ipAddress });
    return allowed(challenge as never);
  };
  const wires = await startWires({ ...options, useCases: useCasesThat({ getChallenge: answer }) });
  onTestFinished(() => void wires.close());
  return { ...wires, calls };
}

const challenge = {
  challengeId: "c",
  state: "pending",
  channel: "sms",
  maskedRecipient: "+1***",
  purpose: "login",
  createdAt: new Date(0),
  expiresAt: new Date(0),
  resendAt: new Date(0),
  sandbox: false,
  codeLength: 6,
  attemptsRemaining: 5,
  sendsRemaining: 5,
  deliveries: [],
};

export const ask = { method: "GetChallenge", request: { challengeId: "c" } } as const;

/** The four wires, closed when the test is over. */
export function clientsOf(started: { readonly addresses: { grpc: string; http: string } }, tls?: ClientTls, key?: string): WireClient[] {
  const wires = wireClients(started.addresses, key, tls);
  onTestFinished(() => {
    for (const wire of wires) wire.close();
  });
  return wires;
}

export const clientCertificate = (by: Pair, name: { dns?: string[]; uris?: string[] }, more: object = {}): Promise<Pair> =>
  createCertificate({ by, ...name, ...more });

/** A handshake, and whether the connection lives on after it; `undefined` where it does not. */
export async function shakeHands(port: number, options: ConnectionOptions): Promise<TLSSocket | undefined> {
  const socket = connect({ host: "127.0.0.1", port, ...options });
  onTestFinished(() => void socket.destroy());
  const failed = once(socket, "error").then(() => undefined);
  const over = once(socket, "close").then(() => undefined);
  const done = once(socket, "secureConnect").then(() => socket);
  return Promise.race([done, failed, over]).catch(() => undefined);
}
