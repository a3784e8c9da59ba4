/** Data keys in the clear, for as short as it can be. */
export type DataKeys = {
  /**
   * Does the work with a key, which is fetched where it is not at hand: once, however many ask for it at once. The work must not keep the
   * key. Undefined for one that cannot be had at all; a fetch that rejects is forgotten.
   */
  use<T>(id: string, fetch: () => Promise<Uint8Array | undefined>, work: (key: Uint8Array) => T): Promise<T | undefined>;
  /** Overwrites all of them. */
  close(): void;
};

type Entry = { readonly key: Promise<Uint8Array | undefined>; isDropped: boolean; timer?: NodeJS.Timeout };

export type DataKeyBounds = { readonly max: number; readonly keepMs: number };

/**
 * Remembers the keys that were used last, each for a limited time from when it was fetched, whatever use is made of it: a key that was
 * disabled at its service is of no more use then. What is dropped is overwritten.
 */
export function createDataKeys({ max, keepMs }: DataKeyBounds): DataKeys {
  const entries = new Map<string, Entry>();
  const drop = (id: string, entry: Entry): void => {
    if (entries.get(id) === entry) entries.delete(id);
    clearTimeout(entry.timer);
    entry.isDropped = true;
    // Whoever asked for it before has it first: a promise calls back in the order that it was waited for.
    entry.key.then(
      (bytes) => void bytes?.fill(0),
      () => {},
    );
  };
  const begin = (id: string, fetch: () => Promise<Uint8Array | undefined>): Entry => {
    const entry: Entry = { key: fetch(), isDropped: false };
    const expire = (): void => {
      if (!entry.isDropped) entry.timer = setTimeout(drop, keepMs, id, entry).unref();
    };
    entry.key.then(expire, () => drop(id, entry));
    return entry;
  };
  return {
    async use(id, fetch, work) {
      const entry = entries.get(id) ?? begin(id, fetch);
      // To the end: the first one is always the one that was not used for the longest.
      entries.delete(id);
      entries.set(id, entry);
      if (entries.size > max) for (const [oldest, each] of [...entries].slice(0, entries.size - max)) drop(oldest, each);
      const key = await entry.key;
      return key && work(key);
    },
    close() {
      for (const [id, entry] of entries) drop(id, entry);
    },
  };
}
