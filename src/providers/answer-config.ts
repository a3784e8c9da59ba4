import { z } from "zod";
import type { DeliveryFailure } from "../otp/ports.ts";

export const deliveryFailures = [
  "recipient_refused",
  "recipient_opted_out",
  "sender_refused",
  "content_refused",
  "credentials_refused",
  "funds_exhausted",
  "throttled",
  "provider_error",
  "unreachable",
  "timeout",
] as const satisfies readonly DeliveryFailure[];

const pathForm = "names and list positions from 0, joined by dots, such as messages.0.id";

/** The whole of JSONPath would bring filters and wildcards, which find several values where one is wanted. */
export const jsonPath = (what: string) =>
  z
    .string({ error: `write ${pathForm}` })
    .regex(/^[^\s.]{1,64}(?:\.[^\s.]{1,64}){0,15}$/, `write ${pathForm}`)
    .meta({ description: `${what}: ${pathForm}` });

const scalar = z.union([z.string(), z.number(), z.boolean()], { error: "write a text, a number, true or false" });

const equals = z
  .array(scalar, { error: "write a list of 1 to 50 values" })
  .min(1, "write a list of 1 to 50 values")
  .max(50, "write a list of 1 to 50 values")
  .meta({ description: "the values at path that match; 0 and its text are the same; default: any but null" });

/**
 * Substrings, not regular expressions: those would run on whatever a vendor answers, in the process that serves everybody, and a
 * careless one can take minutes for one answer.
 */
const contains = z
  .string({ error: "write a text of 1 to 200 characters" })
  .min(1, "write a text of 1 to 200 characters")
  .max(200, "write a text of 1 to 200 characters")
  .meta({ description: "a text that the answer contains, upper and lower case as written" });

const status = (what: string, min: number, max: number) => {
  const write = `write a status from ${min} to ${max}`;
  return z.int({ error: write }).min(min, write).max(max, write).meta({ description: what });
};

const pattern = { path: jsonPath("where to look in a JSON answer").optional(), equals: equals.optional(), contains: contains.optional() };

type Pattern = z.output<z.ZodObject<typeof pattern>>;

const equalsNeedsPath = ({ path, equals: values }: Pattern): boolean => values === undefined || path !== undefined;

/** What an answer must be to say that the message was taken; everything written must hold. */
export const successRule = z
  .strictObject({
    minStatus: status("the lowest status of success, 200 to 299", 200, 299).default(200),
    maxStatus: status("the highest status of success, 200 to 299", 200, 299).default(299),
    ...pattern,
  })
  .refine(({ minStatus, maxStatus }) => minStatus <= maxStatus, { path: ["maxStatus"], error: "write at least minStatus" })
  .refine(equalsNeedsPath, { path: ["path"], error: "write the path of the values in equals" })
  .prefault({});

/** An answer that says that nothing was sent, and why. */
export const errorRule = z
  .strictObject({
    status: status("the status of the answer, 200 to 599; default: any", 200, 599).optional(),
    ...pattern,
    failure: z
      .enum(deliveryFailures, { error: `write one of ${deliveryFailures.join(", ")}` })
      .meta({ description: "what it means, in the words that callers and logs are told" }),
    retryable: z
      .boolean({ error: "write true or false" })
      .optional()
      .meta({ description: "whether another try may help; default: true of throttled, provider_error, unreachable and timeout" }),
  })
  .refine(equalsNeedsPath, { path: ["path"], error: "write the path of the values in equals" })
  .refine(({ status, path, contains: text }) => status !== undefined || path !== undefined || text !== undefined, {
    path: ["status"],
    error: "write at least one of status, path and contains, or every answer is this error",
  });

export type SuccessRule = z.output<typeof successRule>;
export type ErrorRule = z.output<typeof errorRule>;
