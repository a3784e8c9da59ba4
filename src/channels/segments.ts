export type Measured = {
  readonly encoding: "GSM-7" | "UCS-2";
  /** Septets of GSM-7, or 16-bit units of UCS-2. */
  readonly units: number;
  readonly segments: number;
  /** Units that one segment of this message can hold. */
  readonly unitsPerSegment: number;
  /** The first character that is not in the GSM alphabet. */
  readonly forcedBy?: string;
};

/** How a text message travels and what it costs (3GPP TS 23.038, section 6.2.1; TS 23.040, section 9.2.3.24.1). */
export function measure(text: string): Measured {
  const characters = [...text];
  const forcedBy = characters.find((character) => !septets.has(character));
  const widths = characters.map((character) => (forcedBy === undefined ? (septets.get(character) ?? 0) : character.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const { one, many } = forcedBy === undefined ? { one: 160, many: 153 } : { one: 70, many: 67 };
  const alone = units <= one;
  return {
    encoding: forcedBy === undefined ? "GSM-7" : "UCS-2",
    units,
    segments: alone ? 1 : pack(widths, many),
    unitsPerSegment: alone ? one : many,
    ...(forcedBy !== undefined && { forcedBy }),
  };
}

/** Neither an escape sequence nor a surrogate pair is divided between segments. */
function pack(widths: readonly number[], capacity: number): number {
  let segments = 1;
  let filled = 0;
  for (const width of widths) {
    if (filled + width > capacity) {
      segments += 1;
      filled = 0;
    }
    filled += width;
  }
  return segments;
}

const basic =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/** Sent as an escape and another character. */
const extension = "\f^{}\\[~]|€";

const septets: ReadonlyMap<string, number> = new Map([
  ...[...basic].map((character) => [character, 1] as const),
  ...[...extension].map((character) => [character, 2] as const),
]);
