/**
 * Names for requests, so that repeating one is safe: the same content keeps its name until the service has answered it, whether a
 * machine or a person repeats it.
 */
export type RequestKeys = {
  keyFor(content: string): string;
  /** The service has answered: the same content would be another request. */
  settle(): void;
};

export function createRequestKeys(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): RequestKeys {
  let last: { readonly content: string; readonly key: string } | undefined;
  return {
    keyFor(content) {
      if (last?.content !== content) last = { content, key: hex(random(new Uint8Array(16))) };
      return last.key;
    },
    settle() {
      last = undefined;
    },
  };
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
