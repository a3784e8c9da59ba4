import type { IncomingMessage } from "node:http";
import { clientKeysOf } from "../abuse/client-key.ts";
import { createTokenBuckets } from "../http/token-buckets.ts";
import type { FindClientAddress } from "../rpc/client-address.ts";

/** An office opens twenty pages at once, and one a second after that. Each costs some 0.65 ms. */
const bucket = { burst: 20, perSecond: 1, kept: 10_000, now: () => performance.now() };

/** To be kept while the configuration changes, or each change would fill them again. */
export const createChallengeBuckets = (): ((client: string) => boolean) => createTokenBuckets(bucket);

/** Whether the client behind a request may have another challenge of the built-in captcha. Those whose address nobody knows are one. */
export function limitChallenges(
  findAddress: FindClientAddress,
  take: (client: string) => boolean = createChallengeBuckets(),
): (request: IncomingMessage) => boolean {
  return ({ socket, headers }) => {
    const address = findAddress(socket.remoteAddress, (name) => headers[name]?.toString());
    return take(clientKeysOf(address)?.client ?? "");
  };
}
