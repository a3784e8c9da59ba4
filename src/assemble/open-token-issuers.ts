import type { Config } from "../config/config.ts";
import type { TokenIssuer } from "../rpc/caller-token.ts";
import { createFetchJwks } from "../rpc/fetch-jwks.ts";
import { createTokenKeys } from "../rpc/token-keys.ts";
import { reportLoss } from "../telemetry/store-loss.ts";
import type { Foundation } from "./foundation.ts";

type Deps = Pick<Foundation, "share" | "logger">;

/** The keys outlive a change of the configuration elsewhere: a reload while an issuer is away must not forget them. */
export async function openTokenIssuers(
  { tokenIssuers }: Pick<Config, "tokenIssuers">,
  { share, logger }: Deps,
  parts: AsyncDisposableStack,
): Promise<TokenIssuer[]> {
  return Promise.all(
    tokenIssuers.map(async (issuer) => {
      const { id, jwksUrl, timeoutMs, cacheMs } = issuer;
      const keys = await share({ tokenKeys: { id, jwksUrl, timeoutMs, cacheMs } }, async () => {
        const { fetchJwks } = reportLoss(
          { fetchJwks: createFetchJwks({ url: jwksUrl, timeoutMs }) },
          logger.child({ issuer: id }),
          "token_keys",
        );
        return { findKey: createTokenKeys({ fetchJwks, cacheMs, elapsed: () => performance.now() }), close: () => {} };
      });
      parts.defer(() => keys.close());
      return { ...issuer, findKey: keys.findKey };
    }),
  );
}
