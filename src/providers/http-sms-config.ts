import { z } from "zod";
import { errorRule, jsonPath, successRule } from "./answer-config.ts";
import { dltConfig } from "./dlt.ts";
import { allowPrivateHosts, certificates, endpointUrl, headersOf } from "./endpoint-config.ts";
import { checkHttpSms } from "./http-sms-checks.ts";
import { timeoutSeconds } from "./vendor-forms.ts";

const templateForm = "a text, with placeholders such as {to} where the message's values go";

const templateText = z
  .string({ error: `write ${templateForm}; secrets stand under secrets and are written {secrets.NAME}` })
  .max(2000, `write ${templateForm}, at most 2000 characters`)
  .meta({ description: templateForm });

const headerForm = "a header's value: at most 1024 visible ASCII characters and placeholders, spaces between them only";
const headerTemplate = templateText.regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,1022}[\x21-\x7e])?$/, `write ${headerForm}`);

const fields = (what: string) =>
  z
    .record(z.string().regex(/^[^\p{Cc}\p{Cs}]{1,128}$/u, "write a name of 1 to 128 characters"), templateText, {
      error: `write a group of ${what} (name: value)`,
    })
    .refine((group) => Object.keys(group).length <= 64, `write at most 64 ${what}`);

const jsonForm = "a group or a list of values, with placeholders such as {to} in its texts";

const secretForm = "a secret of 1 to 1024 visible ASCII characters and spaces";
const secret = z
  .string({ error: `write ${secretForm}` })
  .regex(/^[\x20-\x7e]{1,1024}$/, `write ${secretForm}`)
  .meta({ description: secretForm, secret: true });

const senderForm = "a sender of 1 to 16 letters, digits, spaces and + - _ . &, in quotes";
const afterForm = "a text of 1 to 100 characters";

/** Any gateway for text messages that takes one request per message, described instead of programmed. */
export const httpSmsConfig = z
  .strictObject({
    kind: z.literal("http-sms"),
    // GET has no body, so that the code would be in the URL, which proxies, servers and their backups keep.
    method: z
      .enum(["POST", "PUT"], { error: "write one of POST, PUT; by GET the code would be in a URL, which logs on the way keep" })
      .default("POST"),
    url: endpointUrl(", placeholders or a query (that is under query)").refine(
      (url) => !/[?{}]/.test(url),
      "write the URL without placeholders and query; what follows the ? stands under query",
    ),
    query: fields("parameters").default({}).meta({ description: "parameters of the URL; never text, code or secrets" }),
    headers: headersOf(headerTemplate).meta({ description: "headers, whose values may have placeholders other than text and code" }),
    json: z
      .union([z.record(z.string(), z.json()), z.array(z.json())], { error: `write ${jsonForm}` })
      .meta({ description: `the body as JSON: ${jsonForm}` })
      .optional(),
    form: fields("form fields").meta({ description: "the body as form fields, instead of json" }).optional(),
    sender: z
      .string({ error: `write ${senderForm}` })
      .regex(/^[A-Za-z0-9 +_.&-]{1,16}$/, `write ${senderForm}`)
      .meta({ description: `what {sender} stands for: ${senderForm}` })
      .optional(),
    secrets: z
      .record(z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "write a name of at most 32 characters of a-z 0-9 _, a letter first"), secret, {
        error: "write a group of secrets (name: value)",
      })
      .default({})
      .meta({ description: "what {secrets.NAME} stands for in headers, json and form" }),
    success: successRule.meta({ description: "what an answer must be to say that the message was taken" }),
    errors: z
      .array(errorRule, { error: "write a list of at most 100 errors" })
      .max(100, "write a list of at most 100 errors")
      .default([])
      .meta({ description: "answers that say that nothing was sent; looked at in order, before success" }),
    messageIdPath: jsonPath("where the gateway's id of the message is in a JSON answer").optional(),
    messageIdAfter: z
      .string({ error: `write ${afterForm}` })
      .min(1, `write ${afterForm}`)
      .max(100, `write ${afterForm}`)
      .meta({ description: "the text after which the gateway's id stands in an answer that is not JSON; it ends with the word" })
      .optional(),
    dlt: dltConfig.meta({ description: "India: what the operators there were told of the messages" }).optional(),
    allowPrivateHosts,
    ca: certificates,
    timeoutSeconds,
  })
  .check((context) => {
    for (const { path, message } of checkHttpSms(context.value))
      context.issues.push({ code: "custom", input: context.value, path: [...path], message });
  });

export type HttpSmsConfig = z.output<typeof httpSmsConfig>;
