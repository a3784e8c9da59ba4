import type { Recipient } from "./types.ts";

/** Enough to recognise one's own number or address by, too little to reach anybody. */
export function maskRecipient({ kind, value }: Recipient): string {
  if (kind === "phone") return maskMiddle(value, 3, value.length > 10 ? 3 : 2);
  if (kind === "subject") return maskMiddle(value, 1, 0);
  const at = value.lastIndexOf("@");
  return `${value.slice(0, 1)}•••${value.slice(at)}`;
}

const maskMiddle = (text: string, head: number, tail: number): string =>
  text.slice(0, head) + "•".repeat(Math.max(3, text.length - head - tail)) + (tail > 0 ? text.slice(-tail) : "");
