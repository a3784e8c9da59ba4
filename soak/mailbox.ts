/** The codes that reached somebody, by whom; bounded, since most are taken and the others are forgotten. */
export type Mailbox = { put(to: string, code: string): void; take(to: string): string | undefined };

const most = 20_000;

export function createMailbox(): Mailbox {
  const codes = new Map<string, string>();
  return {
    put(to, code) {
      codes.delete(to);
      codes.set(to, code);
      const [oldest] = codes.keys();
      if (codes.size > most && oldest !== undefined) codes.delete(oldest);
    },
    take(to) {
      const code = codes.get(to);
      codes.delete(to);
      return code;
    },
  };
}
