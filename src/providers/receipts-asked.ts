import { parseChallengeId } from "../otp/challenge-id.ts";
import type { Message, Provider } from "../otp/ports.ts";
import { formatMessageName, type MessageName } from "../otp/receipt.ts";
import type { Channel } from "../otp/types.ts";
import { carriedChannels, type ProviderConfig } from "./create-provider.ts";

/** Channels of which receipts are to be expected. */
export function receiptChannels(config: ProviderConfig): readonly Channel[] {
  if (!("receipts" in config) || !config.receipts) return [];
  return carriedChannels(config).filter((channel) => config.kind !== "bird" || channel === "sms");
}

export type Asking = {
  /** Where vendors reach the service, without a slash at its end. */
  readonly publicUrl: string;
  /** Channels whose receipts the provider's vendor signs. */
  readonly channels: readonly Channel[];
  /** Told of each message that was accepted, whose receipt has to come. */
  onExpected(provider: string, message: MessageName): void;
};

/** The same provider, which tells its vendor where to send a receipt to, and which message it is of. */
export function askReceipts<Asked extends Provider>(provider: Asked, { publicUrl, channels, onExpected }: Asking): Asked {
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
