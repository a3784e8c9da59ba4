/** HTTP/2 frames made by hand (RFC 9113, section 6), with which a caller can do what no library would. */

export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const type = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;
export const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

type Frame = { readonly type: number; readonly flags?: number; readonly stream?: number; readonly payload?: Uint8Array };

export function frame({ type: kind, flags = 0, stream = 0, payload = Buffer.alloc(0) }: Frame): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(kind, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** HPACK (RFC 7541) without a table and without Huffman's code: each field a literal, never indexed. */
export const fields = (list: Iterable<readonly [string, string]>): Buffer =>
  Buffer.concat([...list].map(([name, value]) => Buffer.concat([Buffer.of(0x10), text(name), text(value)])));

/** A field that adds itself to the table, and one that only points to it. */
export const indexed = (name: string, value: string): Buffer => Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
export const pointer = Buffer.of(0x80 | 62);

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length), bytes]);
}

function integer(value: number): Buffer {
  if (value < 127) return Buffer.of(value);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128));
  return Buffer.from([...bytes, rest]);
}

export const greeting = Buffer.concat([preface, frame({ type: type.settings })]);

/** What a gRPC client would send, without a key. */
export const callFields = (path = "/countersign.v1.CodeService/GetChallenge"): Buffer =>
  fields([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "x"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
  ]);

export const headers = (stream: number, payload: Uint8Array, flags: number = flag.endHeaders): Buffer =>
  frame({ type: type.headers, flags, stream, payload });

export const reset = (stream: number, code = 8): Buffer => frame({ type: type.reset, stream, payload: number(code) });

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
