import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/config.ts";
import { rememberMs } from "../otp/ledger.ts";
import type { Foundation } from "./foundation.ts";
import type { LiveInside } from "./live-inside.ts";
import { openInside } from "./open-inside.ts";

type Reloading = {
  readonly foundation: Foundation;
  readonly inside: LiveInside;
  readonly graceMs: number;
  /** Has the listeners show the certificate of another configuration, or throws. */
  readonly renewTls: (next: Config) => void;
};

/**
 * Replaces the inside by another configuration's, one change after another. Rejects, and everything is as before, when a part of the
 * new one cannot start.
 */
export function createReload(first: Config, { foundation, inside, graceMs, renewTls }: Reloading): (next: Config) => Promise<void> {
  let running = first;
  let last: Promise<void> = Promise.resolve();
  const replace = async (next: Config): Promise<void> => {
    // Whoever reads the file has said so already; here it would reset every limit and every lock.
    if (!isDeepStrictEqual(next.secrets.ledgerKey, running.secrets.ledgerKey)) throw new TypeError("the ledger key never changes");
    const opened = await openInside(next, foundation);
    try {
      renewTls(next);
    } catch (error) {
      await opened.close();
      throw error;
    }
    const keepMs = longestLifetimeMs(running) + rememberMs;
    const kept = foundation.keyring.replace(next.secrets.codeKeys, keepMs);
    inside.replace(opened, graceMs);
    foundation.logger.level = next.log.level;
    running = next;
    if (kept.length > 0) foundation.logger.warn({ event: "code_keys_kept", keys: kept, seconds: keepMs / 1_000 });
  };
  return (next) => {
    const replaced = last.then(() => replace(next));
    last = replaced.catch(() => {});
    return replaced;
  };
}

const longestLifetimeMs = ({ applications }: Config): number => Math.max(...applications.map(({ code }) => code.lifetimeMs));
