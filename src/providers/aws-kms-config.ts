import { z } from "zod";
import { awsAccess, awsRegion, hasOneAccess, oneAccess } from "./aws-config.ts";
import { baseUrl, checkedText } from "./vendor-forms.ts";

const timeoutForm = "write seconds from 0.5 to 5";
const cacheForm = "write seconds from 60 to 86400, a whole number";

/** As KMS names keys: https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html#API_GenerateDataKey_RequestParameters */
const keyName =
  /^(?:(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:)?(?:key\/(?:mrk-)?[0-9a-f-]{32,36}|alias\/[A-Za-z0-9/_-]{1,250})|(?:mrk-)?[0-9a-f-]{32,36})$/;

/** A key of AWS KMS, which never leaves it: data keys are encrypted with it. */
export const awsKmsConfig = z
  .strictObject({
    keyId: checkedText("the ARN or id of a symmetric key, or an alias (alias/NAME, or its ARN)", keyName),
    region: awsRegion("of the key"),
    ...awsAccess("kms:GenerateDataKey and kms:Decrypt"),
    baseUrl: baseUrl.optional(),
    timeoutSeconds: z
      .number({ error: timeoutForm })
      .min(0.5, timeoutForm)
      .max(5, timeoutForm)
      .default(2)
      .meta({ description: "how long one question may take in all, 0.5 to 5; the call that waits for it has 15 seconds in all" }),
    cacheSeconds: z
      .int({ error: cacheForm })
      .min(60, cacheForm)
      .max(86_400, cacheForm)
      .default(3600)
      .meta({ description: "how long a decrypted data key is kept in memory, 60 to 86400; a key that is disabled is in use for so long" }),
  })
  .refine(hasOneAccess, oneAccess);

export type AwsKmsConfig = z.output<typeof awsKmsConfig>;
