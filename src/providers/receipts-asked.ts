import { parseChallengeId } from "../otp/challenge-id.ts";
import type { Message } from "../otp/ports.ts";
import { formatMessageName, type MessageName } from "../otp/receipt.ts";
import type { Channel } from "../otp/types.ts";
import type { ClosableProvider } from "./closable-provider.ts";

export type Asking = {
  /** Where vendors reach the service, without a slash at its end. */
  readonly publicUrl: string;
  /** Channels whose receipts the provider's vendor signs. */
  readonly channels: readonly Channel[];
  /** Told of each message that was accepted, whose receipt has to come. */
  onExpected(provider: string, message: MessageName): void;
};

/** The same provider, which tells its vendor where to send a receipt to, and which message it is of. */
export function askReceipts(provider: ClosableProvider, { publicUrl, channels, onExpected }: Asking): ClosableProvider {
  return {
    ...provider,
    async send(message, signal, onWritten) {
      const named = channels.includes(message.channel) ? nameOf(message) : undefined;
      if (!named) return provider.send(message, signal, onWritten);
      const name = formatMessageName(named);
      const receipt = { url: `${publicUrl}${receiptPath(provider.name)}/${name}`, name };
      const result = await provider.send({ ...message, receipt }, signal, onWritten);
      if (result.outcome === "accepted") onExpected(provider.name, named);
      return result;
    },
  };
}

export const receiptPath = (provider: string): string => `/receipts/${provider}`;

function nameOf({ application, challengeId, deliveryId, country }: Message): MessageName | undefined {
  const ref = parseChallengeId(challengeId, application);
  return ref && { ref, deliveryId, ...(country !== undefined && { country }) };
}
