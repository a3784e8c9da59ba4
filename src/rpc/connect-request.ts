/** Makes of a Node request what Connect takes, with the message taken out: it is parsed by us, so that refusals have details. */
import type { IncomingMessage } from "node:http";
import type { DescMessage, JsonReadOptions, MessageShape } from "@bufbuild/protobuf";
import type { Result } from "../otp/refusal.ts";
import { type ClientCertificate, certificateOf } from "./client-certificate.ts";
import { decompress, openEnvelopes, readBody, tooLargeRefusal } from "./connect-body.ts";
import type { DeadlineHeader } from "./deadline.ts";
import { askedTimeoutKey, parseDeadline } from "./deadline.ts";
import { parseBinary } from "./parse-binary.ts";
import { parseJson } from "./parse-json.ts";
import { accept } from "./status.ts";

export type RequestLimits = {
  readonly maxMessageBytes: number;
  readonly maxDeadlineMs: number;
  readonly registry?: JsonReadOptions["registry"];
};

/** `read` gives the message or throws why not; `body` is what Connect gets instead: as many messages, all empty. */
export type OpenedRequest = {
  readonly header: Headers;
  readonly peer: string | undefined;
  certificate(): ClientCertificate | undefined;
  readonly body: Uint8Array;
  readonly reusable: boolean;
  read<D extends DescMessage>(desc: D): MessageShape<D>;
};

type Wire = { readonly json: boolean; readonly enveloped: boolean; readonly encoding: string; readonly deadline: DeadlineHeader };

export async function openRequest(request: IncomingMessage, limits: RequestLimits): Promise<OpenedRequest | undefined> {
  const header = toWebHeaders(request);
  const wire = wireOf(header.get("content-type") ?? "");
  const asked = header.get(wire.deadline) ?? undefined;
  const deadline = parseDeadline(wire.deadline, asked, limits.maxDeadlineMs);
  const body = await readBody(request, limits.maxMessageBytes + (wire.enveloped ? 2 * 5 : 0));
  if (!body) return undefined;
  const encoding = header.get(wire.encoding)?.trim().toLowerCase();
  const { first, count } = body.whole
    ? await firstMessage(body.bytes, wire, encoding, limits.maxMessageBytes)
    : { first: { ok: false, refusal: tooLargeRefusal(limits.maxMessageBytes) } as const, count: 1 };
  if (asked !== undefined) header.set(askedTimeoutKey, asked);
  const ms = deadline.ok ? deadline.value : limits.maxDeadlineMs;
  header.set(wire.deadline, wire.deadline === "grpc-timeout" ? `${ms}m` : `${ms}`);
  for (const name of ["content-encoding", "connect-content-encoding", "grpc-encoding", "content-length"]) header.delete(name);
  return {
    header,
    peer: request.socket.remoteAddress,
    certificate: () => certificateOf(request.socket),
    body: emptyMessages(wire, count),
    reusable: body.whole || body.drained,
    read: (desc) => {
      accept(deadline);
      const bytes = accept(first);
      if (!wire.json) return parseBinary(desc, bytes, limits.maxMessageBytes);
      return parseJson(desc, bytes, { maxBytes: limits.maxMessageBytes, registry: limits.registry });
    },
  };
}

function wireOf(contentType: string): Wire {
  const json = /\bjson\b/.test(contentType);
  if (contentType.startsWith("application/grpc-web")) return { json, enveloped: true, encoding: "grpc-encoding", deadline: "grpc-timeout" };
  const enveloped = contentType.startsWith("application/connect+");
  return { json, enveloped, encoding: enveloped ? "connect-content-encoding" : "content-encoding", deadline: "connect-timeout-ms" };
}

async function firstMessage(
  bytes: Buffer,
  { enveloped }: Wire,
  encoding: string | undefined,
  maxBytes: number,
): Promise<{ first: Result<Buffer>; count: number }> {
  if (enveloped) return openEnvelopes(bytes, encoding, maxBytes);
  return { first: await decompress(bytes, encoding, maxBytes), count: 1 };
}

function emptyMessages({ json, enveloped }: Wire, count: number): Uint8Array {
  const empty = Buffer.from(json ? "{}" : "");
  if (!enveloped) return empty;
  const envelope = Buffer.alloc(5 + empty.length);
  envelope.writeUInt32BE(empty.length, 1);
  empty.copy(envelope, 5);
  return Buffer.concat(Array(Math.min(count, 2)).fill(envelope));
}

function toWebHeaders({ headersDistinct }: IncomingMessage): Headers {
  const header = new Headers();
  for (const [name, values] of Object.entries(headersDistinct)) for (const value of values ?? []) header.append(name, value);
  return header;
}
