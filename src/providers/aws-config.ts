import { z } from "zod";
import { checkedText, secretText } from "./vendor-forms.ts";

/** Settings that services of AWS have in common. */
export const awsRegion = (what: string) =>
  checkedText(`the AWS region ${what}, such as eu-central-1`, /^[a-z]{2}(?:-[a-z]+){1,2}-\d{1,2}$/);

/** `may` is what the user of the key may do, and nothing else. */
export const awsAccess = (may: string) => ({
  accessKey: z
    .strictObject({
      id: checkedText("the id of an access key, such as AKIAIOSFODNN7EXAMPLE", /^[A-Z0-9]{16,128}$/),
      secret: secretText("secret of the access key"),
    })
    .meta({ description: `an access key of a user that may ${may}, and nothing else` })
    .optional(),
  findCredentials: z.boolean({ error: "write true or false" }).default(false).meta({
    description: "true, instead of accessKey: look where the AWS SDK looks (environment, files, the role of the machine or container)",
  }),
});

type Access = { readonly accessKey?: { readonly id: string; readonly secret: string } | undefined; readonly findCredentials: boolean };

export const hasOneAccess = ({ accessKey, findCredentials }: Access): boolean => (accessKey === undefined) === findCredentials;

export const oneAccess = { path: ["accessKey"], error: "write either accessKey or findCredentials: true" };
