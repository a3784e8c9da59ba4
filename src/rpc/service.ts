/** What a wire and a service agree on. The wires (`grpc-service.ts`, `connect-handler.ts`) know no service, the services no wire. */
import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import type { ClientCertificate } from "./client-certificate.ts";

/** No message of ours comes near; what is larger is an attack or a mistake. */
export const maxMessageBytes = 16_384;
/** Nobody waits longer for a code, so no call holds resources longer. */
export const maxDeadlineMs = 15_000;
/** The same for an answer that is a stream: whoever watches a challenge, which lasts 600 s at most, sees its end. */
export const maxStreamMs = 660_000;

/** One request as a wire hands it over. Nothing is parsed before it is asked for: a stranger without a key costs no parsing. */
export type Incoming<I extends DescMessage = DescMessage> = {
  /** One that came more than once is joined by commas. */
  header(name: string): string | undefined;
  /** Throws a `ConnectError` that names the field when the message is malformed or too large. */
  message(): MessageShape<I>;
  /** Aborts when the deadline passes or the caller goes away. */
  signal(): AbortSignal;
  /** Milliseconds until the deadline the caller asked for, if it asked. */
  remainingMs(): number | undefined;
  /** Address of the other end of the connection; undefined when it is gone. */
  peer(): string | undefined;
  /** Of the other end of the connection, verified; undefined when it showed none, or speaks plaintext. */
  certificate(): ClientCertificate | undefined;
  requestHeader(): Headers;
  responseHeader(): Headers;
  responseTrailer(): Headers;
};

type Handler<M extends Pick<DescMethod, "input" | "output" | "methodKind">> = M["methodKind"] extends "server_streaming"
  ? (incoming: Incoming<M["input"]>) => AsyncIterable<MessageShape<M["output"]>>
  : (incoming: Incoming<M["input"]>) => Promise<MessageShape<M["output"]>>;

/** One function per RPC; a method without one answers UNIMPLEMENTED. */
export type Handlers<S extends { readonly method: Record<string, Pick<DescMethod, "input" | "output" | "methodKind">> }> = {
  readonly [K in keyof S["method"]]: Handler<S["method"][K]>;
};

export type UnaryHandler = (incoming: Incoming) => Promise<MessageShape<DescMessage>>;
export type StreamHandler = (incoming: Incoming) => AsyncIterable<MessageShape<DescMessage>>;

/** A service of any shape, as the wires take it. */
export type Service = { readonly service: DescService; readonly handlers: Readonly<Record<string, UnaryHandler | StreamHandler>> };

/** Where failures of our own go; callers only learn the id. */
export type LogFailure = (failure: { readonly errorId: string; readonly rpc: string; readonly cause: unknown }) => void;

/** Forgets the types of one service so that a wire can carry it beside others. */
export const asService = <S extends DescService & { readonly method: Record<string, DescMethod> }>(
  service: S,
  handlers: Partial<Handlers<S>>,
): Service => ({ service, handlers: handlers as Service["handlers"] });
