import type { Inside } from "./open-inside.ts";

/** The inside that calls go to, which can be replaced while they come. */
export type LiveInside = Pick<Inside, "authenticate" | "findAddress" | "codes" | "proofs" | "authenticators" | "admin"> & {
  readonly current: () => Inside;
  /** From the next call on. What the last one has begun, it finishes, for at most `graceMs`. Once closed, it closes what it is given. */
  replace(next: Inside, graceMs: number): void;
  close(): Promise<void>;
};

/** Calls are never held up: one that comes while an inside is replaced is answered by the last or by the next, as a whole. */
export function createLiveInside(first: Inside, onFault: (cause: unknown) => void): LiveInside {
  let current = first;
  let isClosed = false;
  const last = new Map<Inside, NodeJS.Timeout>();
  const end = async (inside: Inside): Promise<void> => {
    clearTimeout(last.get(inside));
    last.delete(inside);
    await inside.close();
  };
  // Nobody waits for it, and what fails while the last inside goes must not end the process, which serves by the next.
  const endUnseen = (inside: Inside): void => void end(inside).catch(onFault);
  return {
    current: () => current,
    authenticate: (...args) => current.authenticate(...args),
    findAddress: (...args) => current.findAddress(...args),
    codes: toCurrent(first.codes, () => current.codes),
    proofs: toCurrent(first.proofs, () => current.proofs),
    authenticators: toCurrent(first.authenticators, () => current.authenticators),
    admin: toCurrent(first.admin, () => current.admin),
    replace(next, graceMs) {
      if (isClosed) return endUnseen(next);
      const before = current;
      current = next;
      before.retire().catch(onFault);
      last.set(
        before,
        setTimeout(() => endUnseen(before), graceMs),
      );
    },
    async close() {
      isClosed = true;
      await Promise.all([current, ...last.keys()].map(end));
    },
  };
}

type Verbs = Readonly<Record<string, (...args: never[]) => unknown>>;

/** The same functions, each of which finds who answers when it is called. */
const toCurrent = <V extends Verbs>(verbs: V, current: () => V): V =>
  Object.fromEntries(Object.keys(verbs).map((name) => [name, (...args: never[]) => current()[name]?.(...args)])) as V;
