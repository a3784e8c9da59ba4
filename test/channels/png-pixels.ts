import { inflateSync } from "node:zlib";

/** The pixels of a PNG of 8 bits per channel without interlacing, four bytes each where it has an alpha channel (RFC 2083). */
export function pixelsOf(png: Uint8Array): { readonly width: number; readonly bytesPerPixel: number; readonly data: Uint8Array } {
  const chunks = chunksOf(Buffer.from(png));
  const header = chunks.find(({ type }) => type === "IHDR")?.data as Buffer;
  const [width, height, depth, color] = [header.readUInt32BE(0), header.readUInt32BE(4), header[8], header[9]];
  const bytesPerPixel = { 0: 1, 2: 3, 6: 4 }[color as 0 | 2 | 6];
  if (depth !== 8 || bytesPerPixel === undefined || header[12] !== 0) throw new Error("another kind of PNG than this reads");
  const filtered = inflateSync(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data)));
  const stride = width * bytesPerPixel;
  const data = new Uint8Array(stride * height);
  for (let row = 0; row < height; row++) {
    const filter = filtered[row * (stride + 1)];
    for (let index = 0; index < stride; index++) {
      const at = row * stride + index;
      const left = index >= bytesPerPixel ? (data[at - bytesPerPixel] as number) : 0;
      const up = row > 0 ? (data[at - stride] as number) : 0;
      const corner = row > 0 && index >= bytesPerPixel ? (data[at - stride - bytesPerPixel] as number) : 0;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter as number] as number;
      data[at] = (filtered[row * (stride + 1) + 1 + index] as number) + predicted;
    }
  }
  return { width, bytesPerPixel, data };
}

function chunksOf(png: Buffer): { readonly type: string; readonly data: Buffer }[] {
  const chunks = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + png.readUInt32BE(at)) });
  return chunks;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
