import { type CryptoKey, createLocalJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from "jose";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { FetchJwks } from "./fetch-jwks.ts";

/** The key that a token says it was signed by. Rejects with `StoreUnavailable` when nobody can say. */
export type FindTokenKey = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

export type TokenKeysOptions = {
  readonly fetchJwks: FetchJwks;
  /** After which the issuer is asked again, since it may have taken a key back. */
  readonly cacheMs: number;
  /** Milliseconds that only grow. */
  readonly elapsed: () => number;
};

/** Between two questions: anybody can write a token that names a key nobody has. */
const betweenMs = 30_000;
/** And when the last one was not answered. */
const betweenFailuresMs = 5_000;
/** How long the last keys are good for while the issuer is away. */
const keepMs = 86_400_000;

type Known = { readonly find: ReturnType<typeof createLocalJWKSet>; readonly at: number };

/**
 * The keys of one issuer, asked for when a token comes. However many tokens name unknown keys, there is one question at a time and one
 * in 30 s. (What jose has for it asks anew for every token while the issuer is away, and forgets the keys that it had.)
 */
export function createTokenKeys({ fetchJwks, cacheMs, elapsed }: TokenKeysOptions): FindTokenKey {
  let known: Known | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let isAway = false;
  let asking: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    askedAt = elapsed();
    try {
      const find = createLocalJWKSet(await fetchJwks());
      known = { find, at: elapsed() };
      isAway = false;
    } catch {
      isAway = true;
    } finally {
      asking = undefined;
    }
  };
  const mayAsk = (): boolean => asking !== undefined || elapsed() - askedAt >= (isAway ? betweenFailuresMs : betweenMs);
  const refresh = (): Promise<void> => {
    asking ??= ask();
    return asking;
  };
  const current = async (): Promise<Known> => {
    if (ageOf(known) >= cacheMs && mayAsk()) {
      const asked = refresh();
      // While the issuer is away, nobody waits for it again who can be answered by what it said last.
      if (!isAway || ageOf(known) >= keepMs) await asked;
    }
    if (!known || ageOf(known) >= keepMs) throw new StoreUnavailable(new Error("the issuer's keys are not known"));
    return known;
  };
  const ageOf = (keys: Known | undefined): number => (keys ? elapsed() - keys.at : Number.POSITIVE_INFINITY);

  return async (header, token) => {
    const keys = await current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) throw error;
      await refresh();
      return (await current()).find(header, token);
    }
  };
}
