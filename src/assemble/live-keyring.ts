import type { RandomBytes } from "../otp/code.ts";
import { createKeyring, type Keyring, type Secrets } from "../otp/keyring.ts";

type CodeKey = Secrets["codeKeys"][number];

/** A keyring whose code keys are replaced while it is in use. The ledger key never changes, so what it names stays found. */
export type LiveKeyring = Keyring & {
  /** Signs with the first of these from now on. What is no longer among them still verifies for `keepMs`; their ids are the answer. */
  replace(codeKeys: Secrets["codeKeys"], keepMs: number): readonly string[];
  close(): void;
};

/**
 * An operator who drops a key too early would make codes under way wrong, and each try would cost an honest person a guess. So the
 * process keeps a dropped key, for reading only, until nothing that it signed can be asked about.
 */
export function createLiveKeyring(secrets: Secrets, random: RandomBytes): LiveKeyring {
  let given = secrets.codeKeys;
  const kept = new Map<CodeKey, NodeJS.Timeout>();
  let current = createKeyring(secrets, random);
  const renew = (): void => {
    current = createKeyring({ ledgerKey: secrets.ledgerKey, codeKeys: [...given, ...kept.keys()] }, random);
  };
  const forget = (key: CodeKey): void => {
    clearTimeout(kept.get(key));
    kept.delete(key);
  };
  return {
    ledgerOf: (...args) => current.ledgerOf(...args),
    nonceOf: (...args) => current.nonceOf(...args),
    digest: (...parts) => current.digest(...parts),
    hashCode: (...args) => current.hashCode(...args),
    seal: (...args) => current.seal(...args),
    unseal: (...args) => current.unseal(...args),
    replace(codeKeys, keepMs) {
      const dropped = given.filter((key) => !codeKeys.some((other) => isSame(key, other)));
      for (const key of kept.keys()) if (codeKeys.some((other) => isSame(key, other))) forget(key);
      for (const key of dropped) {
        const lapse = (): void => {
          forget(key);
          renew();
        };
        kept.set(key, setTimeout(lapse, keepMs).unref());
      }
      // The newest are those that codes under way are most likely to need.
      for (const key of [...kept.keys()].slice(0, -maxKept)) forget(key);
      given = codeKeys;
      renew();
      return dropped.map(({ id }) => id);
    },
    close() {
      for (const key of [...kept.keys()]) forget(key);
    },
  };
}

/** As many as a configuration may have: each costs every guess a hash. */
const maxKept = 8;

const isSame = (one: CodeKey, other: CodeKey): boolean => one.id === other.id && Buffer.from(one.secret).equals(other.secret);
