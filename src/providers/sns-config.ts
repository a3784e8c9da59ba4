import { z } from "zod";
import { awsAccess, awsRegion, hasOneAccess, oneAccess } from "./aws-config.ts";
import { snsReceipts } from "./receipts-config.ts";
import { baseUrl, checkedText, timeoutSeconds } from "./vendor-forms.ts";

const dltId = (what: string) => checkedText(what, /^[A-Za-z0-9]{1,50}$/).optional();

/** Text messages by Amazon SNS. */
export const snsConfig = z
  .strictObject({
    kind: z.literal("sns"),
    region: awsRegion("to send from"),
    ...awsAccess("sns:Publish"),
    senderId: checkedText(
      "the name that sends: 1 to 11 letters, digits and hyphens, one letter at least",
      /^(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9-]{0,9}[A-Za-z0-9])?$/,
    ).optional(),
    entityId: dltId("the id that India's DLT gave your business"),
    templateId: dltId("the id that India's DLT gave the template of the text"),
    receipts: snsReceipts.optional(),
    baseUrl: baseUrl.optional(),
    timeoutSeconds,
  })
  .refine(hasOneAccess, oneAccess);

export type SnsConfig = z.output<typeof snsConfig>;
