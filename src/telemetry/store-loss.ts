import type { KeyService } from "../otp/authenticator-ports.ts";
import { StoreUnavailable } from "../otp/refusal.ts";
import type { Logger } from "./log.ts";

type Verb = (...args: never[]) => Promise<unknown>;

/** The service that has the key above those of the secrets, told of in the same way; `key` is the id of its entry. */
export function reportKeyServiceLoss(service: KeyService, key: string, logger: Logger): KeyService {
  const { makeDataKey, openDataKey } = service;
  return reportLoss({ makeDataKey, openDataKey }, logger.child({ key }), "key_service");
}

/** The same store, which says once why it was lost, and once that it is back; the calls themselves only say that it is away. */
export function reportLoss<S extends Readonly<Record<keyof S, Verb>>>(
  store: S,
  logger: Logger,
  what: "store" | "key_service" | "token_keys" = "store",
): S {
  let lost = false;
  const report = (isLost: boolean, cause?: unknown): void => {
    if (lost === isLost) return;
    lost = isLost;
    if (isLost) logger.error({ event: `${what}_lost`, err: cause });
    else logger.info({ event: `${what}_back` });
  };
  const reporting =
    (verb: Verb): Verb =>
    async (...args) => {
      try {
        const answer = await verb(...args);
        report(false);
        return answer;
      } catch (error) {
        if (error instanceof StoreUnavailable) report(true, error.cause);
        throw error;
      }
    };
  return Object.fromEntries(Object.entries<Verb>(store).map(([name, verb]) => [name, reporting(verb)])) as S;
}
