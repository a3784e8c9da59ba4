import { z } from "zod";

const checkedText = (write: string, pattern: RegExp) =>
  z
    .string({ error: `write ${write}` })
    .regex(pattern, `write ${write}`)
    .meta({ description: write });

/** What `channels/email-address.ts` takes for recipients, with the domain in ASCII already. */
const address =
  /^(?=.{3,254}$)(?!\.)(?!.*\.[.@])[\w#$&'*+/=?^`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z][A-Za-z0-9-]*$/;

const seconds = (what: string, min: number, max: number, fallback: number) => {
  const write = `write ${what} in seconds, from ${min} to ${max}`;
  return z
    .number({ error: write })
    .min(min, write)
    .max(max, write)
    .default(fallback)
    .meta({ description: `${what}, ${min} to ${max}` });
};

const tlsForm =
  'one of "starttls" (the connection must become encrypted before anything is said), "implicit" (encrypted from the start, port 465) or "none" (loopback hosts only)';

export const smtpConfig = z
  .strictObject({
    kind: z.literal("smtp"),
    host: checkedText("the name or IP address of the mail server", /^[A-Za-z0-9.:_-]{1,253}$/),
    port: z
      .int({ error: "write a port from 1 to 65535" })
      .min(1)
      .max(65535)
      .optional()
      .meta({ description: "default: 465 with implicit TLS, else 587" }),
    tls: z
      .enum(["starttls", "implicit", "none"], { error: `write ${tlsForm}` })
      .default("starttls")
      .meta({ description: tlsForm }),
    ca: z
      .string({ error: "write certificates in PEM" })
      .includes("-----BEGIN CERTIFICATE-----", { error: "write certificates in PEM, beginning with -----BEGIN CERTIFICATE-----" })
      .optional()
      .meta({ description: "who signs the server's certificate, in PEM; default: the authorities Node.js knows" }),
    auth: z
      .strictObject({
        user: checkedText("the user name", /^[^\p{Cc}]{1,256}$/u),
        password: z
          .string({ error: "write the password" })
          .regex(/^[^\p{Cc}]{1,1024}$/u, "write the password, without control characters")
          .meta({ description: "the password", secret: true }),
      })
      .optional()
      .meta({ description: "who we are to the mail server; leave out where it trusts our address" }),
    from: z.strictObject({
      address: checkedText("the plain address that codes come from, such as no-reply@example.com", address),
      name: checkedText("the name that stands before it, at most 128 characters", /^[^\p{Cc}\p{Cf}\p{Cs}]{1,128}$/u).optional(),
    }),
    maxConnections: z
      .int({ error: "write a whole number from 1 to 50" })
      .min(1)
      .max(50)
      .default(5)
      .meta({ description: "connections kept open at most" }),
    connectTimeoutSeconds: seconds("how long connecting, greeting and encryption may take", 1, 14, 5),
    timeoutSeconds: seconds("how long one message may take in all", 1, 14, 10),
  })
  .refine(({ host, tls }) => tls !== "none" || /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(host), {
    path: ["tls"],
    error:
      'write "starttls" or "implicit": without encryption everybody on the way could read the codes; "none" is for loopback hosts only',
  });

export type SmtpConfig = z.output<typeof smtpConfig>;
