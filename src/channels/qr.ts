import { toBuffer, toString as toText } from "qrcode";

/** Longer texts are drawn with less to spare, so that cameras still tell the squares apart. */
const plenty = 200;

/** A text as a QR code (ISO/IEC 18004), with the quiet zone that it asks for. */
export async function drawQr(text: string): Promise<{ readonly png: Uint8Array; readonly svg: Uint8Array }> {
  const options = { errorCorrectionLevel: text.length > plenty ? "L" : "M", margin: 4 } as const;
  const png = await toBuffer(text, { ...options, type: "png", scale: 4 });
  const svg = await toText(text, { ...options, type: "svg" });
  return { png, svg: Buffer.from(svg) };
}
