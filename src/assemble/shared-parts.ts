import { isDeepStrictEqual } from "node:util";

export type Closable = { close(): Promise<void> | void };

/** Gives whoever asks with the same settings the same part, which is closed when the last of them has closed what it got. */
export type ShareParts = <Part extends Closable>(settings: unknown, open: () => Promise<Part>) => Promise<Part>;

type Shared = { readonly settings: unknown; readonly part: Promise<Closable>; users: number };

/**
 * Parts that know something (which provider fails, whose turn it is, a data key that was paid for) and that a change of the
 * configuration elsewhere is no reason to forget.
 */
export function createSharedParts(): ShareParts {
  const shared = new Set<Shared>();
  const leave = async (entry: Shared): Promise<void> => {
    entry.users -= 1;
    if (entry.users > 0) return;
    shared.delete(entry);
    await (await entry.part).close();
  };
  return async <Part extends Closable>(settings: unknown, open: () => Promise<Part>): Promise<Part> => {
    const found = [...shared].find((each) => isDeepStrictEqual(each.settings, settings));
    const entry: Shared = found ?? { settings, part: open(), users: 0 };
    shared.add(entry);
    entry.users += 1;
    try {
      // Asked for by its settings, and so of the kind that those settings open.
      const part = (await entry.part) as Part;
      let isClosed = false;
      const close = async (): Promise<void> => {
        if (isClosed) return;
        isClosed = true;
        await leave(entry);
      };
      return { ...part, close };
    } catch (error) {
      shared.delete(entry);
      throw error;
    }
  };
}
