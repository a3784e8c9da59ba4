import { z } from "zod";

/** For whoever parses: zod writes and compiles a function for each group otherwise, which pays for many documents, and there is one. */
export const once = { jitless: true } as const;

/**
 * Schemas of single settings. Each is given by what to write; that sentence serves the error message and the description in
 * the JSON Schema alike.
 */
export const text = (write: string, pattern: RegExp) =>
  z
    .string({ error: `write ${write}` })
    .regex(pattern, `write ${write}`)
    .meta({ description: write });

export const whole = (write: string, min: number, max: number) => {
  const error = `write ${write}, a whole number from ${min} to ${max}`;
  return z
    .int({ error })
    .min(min, error)
    .max(max, error)
    .meta({ description: `${write}, ${min} to ${max}` });
};

export const choice = <const Names extends readonly [string, ...string[]]>(...names: Names) =>
  z.enum(names, { error: `write one of ${names.join(", ")}` });

export const flag = (description: string) => z.boolean({ error: "write true or false" }).meta({ description });

export const list = <Element extends z.ZodType>(element: Element, { min, max, write }: { min: number; max: number; write: string }) => {
  const error = `write a list of ${min === max ? min : `${min} to ${max}`} ${write}`;
  return z
    .array(element, { error })
    .min(min, error)
    .max(max, error)
    .meta({ description: `${min} to ${max} ${write}` });
};

/** A text that `problemOf` looks at: undefined when it is right, otherwise what is wrong and what to write. */
export const checked = (write: string, problemOf: (value: string) => string | undefined) =>
  z
    .string({ error: `write ${write}` })
    .check((context) => {
      const message = problemOf(context.value);
      if (message !== undefined) context.issues.push({ code: "custom", input: context.value, message });
    })
    .meta({ description: write });

/** Marks a text that may also be given as `{ file: PATH }` or `{ env: NAME }`, and that no output repeats. */
export const secret = <Text extends z.ZodType<string>>(schema: Text): Text => schema.meta({ ...schema.meta(), secret: true });

/** Whether a setting was marked so. */
export const isSecret = (schema: z.core.$ZodType | undefined): boolean => schema instanceof z.ZodType && schema.meta()?.secret === true;
