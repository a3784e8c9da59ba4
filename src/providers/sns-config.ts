import { z } from "zod";
import { baseUrl, checkedText, secretText, timeoutSeconds } from "./vendor-forms.ts";

const dltId = (what: string) => checkedText(what, /^[A-Za-z0-9]{1,50}$/).optional();

/** Text messages by Amazon SNS. */
export const snsConfig = z
  .strictObject({
    kind: z.literal("sns"),
    region: checkedText("the AWS region to send from, such as eu-central-1", /^[a-z]{2}(?:-[a-z]+){1,2}-\d{1,2}$/),
    accessKey: z
      .strictObject({
        id: checkedText("the id of an access key, such as AKIAIOSFODNN7EXAMPLE", /^[A-Z0-9]{16,128}$/),
        secret: secretText("secret of the access key"),
      })
      .meta({ description: "an access key of a user that may sns:Publish, and nothing else" })
      .optional(),
    findCredentials: z.boolean({ error: "write true or false" }).default(false).meta({
      description: "true, instead of accessKey: look where the AWS SDK looks (environment, files, the role of the machine or container)",
    }),
    senderId: checkedText(
      "the name that sends: 1 to 11 letters, digits and hyphens, one letter at least",
      /^(?=.*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9-]{0,9}[A-Za-z0-9])?$/,
    ).optional(),
    entityId: dltId("the id that India's DLT gave your business"),
    templateId: dltId("the id that India's DLT gave the template of the text"),
    baseUrl: baseUrl.optional(),
    timeoutSeconds,
  })
  .refine(({ accessKey, findCredentials }) => (accessKey === undefined) === findCredentials, {
    path: ["accessKey"],
    error: "write either accessKey or findCredentials: true",
  });

export type SnsConfig = z.output<typeof snsConfig>;
