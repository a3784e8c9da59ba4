import { z } from "zod";
import type { Channel } from "../otp/types.ts";
import { birdReceipts } from "./receipts-config.ts";
import { baseUrl, isE164, isSenderName, secretText, timeoutSeconds } from "./vendor-forms.ts";

const senderForm = "the sender: a number such as +15551234567, or (SMS only) a name of at most 11 letters and digits";

/** One account of the MessageBird API (Bird) for text messages and calls. */
export const birdConfig = z.strictObject({
  kind: z.literal("bird"),
  accessKey: secretText("access key"),
  from: z
    .string({ error: `write ${senderForm}` })
    .refine((sender) => isE164(sender) || isSenderName(sender), `write ${senderForm}`)
    .meta({ description: senderForm }),
  receipts: birdReceipts.optional(),
  baseUrl: baseUrl.optional(),
  timeoutSeconds,
});

export type BirdConfig = z.output<typeof birdConfig>;

export const birdCarries = (channel: Channel, { from }: BirdConfig): boolean => channel !== "voice" || isE164(from);
