const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Without padding, as authenticators want it (RFC 4648, section 6). */
export function writeBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, "0"), 2)]).join("");
}

/**
 * As people copy it: in groups, in lower case, with or without padding. Bits that do not fill a byte are dropped, as authenticators do:
 * many a secret was made of random letters instead of random bytes. Undefined for what no bytes are written as.
 */
export function readBase32(text: string): Uint8Array | undefined {
  const letters = text.replace(/[\s-]/g, "").replace(/=+$/, "").toUpperCase();
  // One, three or six letters past a whole group are of a text that was cut off.
  if (!/^[A-Z2-7]+$/.test(letters) || [1, 3, 6].includes(letters.length % 8)) return undefined;
  const bits = [...letters].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => Number.parseInt(eight, 2));
}
