import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { type Authenticate, accountsForm, createAuthenticate } from "./accounts.ts";
import { refusable } from "./parameters.ts";

export type Settings = {
  readonly authenticate: Authenticate;
  readonly secret: Buffer;
  readonly storeUrl: string;
  readonly host: string;
  readonly port: number;
  readonly countersignUrl: string;
  readonly publicUrl: string | undefined;
  readonly ignore: ReadonlySet<string>;
  /** Names of the rate limits that tell the end user's address and device. */
  readonly rateLimits: { readonly ip: string | undefined; readonly device: string | undefined };
  readonly logLevel: string;
};

type Read = { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly problems: readonly string[] };

const url = z.url({ protocol: /^https?$/, error: "write a URL such as http://127.0.0.1:8080" });
const name = z.string().min(1).max(64).optional();

const form = z
  .object({
    ADAPTER_ACCOUNTS: z.string({ error: "name the file of accounts; docs/moving-from-twilio-verify.md shows one" }).transform(readAccounts),
    ADAPTER_SECRET: z
      .string()
      .transform((text) => Buffer.from(text, "base64"))
      .refine((bytes) => bytes.length >= 32, "write at least 32 random bytes as base64, as `openssl rand -base64 32` makes them")
      .optional(),
    ADAPTER_STORE_URL: z
      .string()
      .regex(/^(sqlite:.+|mongodb(\+srv)?:\/\/.+)$/, "write sqlite:PATH or mongodb://HOST/DATABASE")
      .default("sqlite::memory:"),
    ADAPTER_ADDR: z
      .string()
      .regex(/^(\[[0-9a-fA-F:.]+\]|[^:[\]]+):\d{1,5}$/, "write HOST:PORT")
      .refine((text) => Number(text.slice(text.lastIndexOf(":") + 1)) <= 65_535, "write a port up to 65535")
      .default("127.0.0.1:8090"),
    ADAPTER_COUNTERSIGN_URL: url.default("http://127.0.0.1:8080"),
    ADAPTER_PUBLIC_URL: url.optional(),
    ADAPTER_IGNORE: z
      .string()
      .transform((text) => text.split(",").map((each) => each.trim()))
      .refine((names) => names.every((each) => refusable.has(each)), `write names out of ${[...refusable].join(", ")}, with commas between`)
      .default([]),
    ADAPTER_RATE_LIMIT_IP: name,
    ADAPTER_RATE_LIMIT_DEVICE: name,
    ADAPTER_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  })
  .refine((env) => env.ADAPTER_SECRET !== undefined || env.ADAPTER_STORE_URL === "sqlite::memory:", {
    path: ["ADAPTER_SECRET"],
    error: "is required with a store that lasts: write at least 32 random bytes as base64",
  });

export function readSettings(env: Readonly<Record<string, string | undefined>>): Read {
  const read = form.safeParse(env);
  if (!read.success) {
    return { ok: false, problems: read.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) };
  }
  const it = read.data;
  const colon = it.ADAPTER_ADDR.lastIndexOf(":");
  return {
    ok: true,
    settings: {
      authenticate: createAuthenticate(it.ADAPTER_ACCOUNTS),
      secret: it.ADAPTER_SECRET ?? randomBytes(32),
      storeUrl: it.ADAPTER_STORE_URL,
      host: it.ADAPTER_ADDR.slice(0, colon).replace(/^\[|\]$/g, ""),
      port: Number(it.ADAPTER_ADDR.slice(colon + 1)),
      countersignUrl: it.ADAPTER_COUNTERSIGN_URL,
      publicUrl: it.ADAPTER_PUBLIC_URL?.replace(/\/+$/, ""),
      ignore: new Set(it.ADAPTER_IGNORE),
      rateLimits: { ip: it.ADAPTER_RATE_LIMIT_IP, device: it.ADAPTER_RATE_LIMIT_DEVICE },
      logLevel: it.ADAPTER_LOG_LEVEL,
    },
  };
}

/** Messages name places in the file, never what stands there: it holds secrets. */
function readAccounts(file: string, context: z.RefinementCtx): z.infer<typeof accountsForm> {
  const refuse = (message: string): never => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  let document: unknown;
  try {
    document = parse(readFileSync(file, "utf8"));
  } catch (error) {
    return refuse(error instanceof Error && "code" in error && error.code === "ENOENT" ? `there is no ${file}` : `${file} is no YAML`);
  }
  const accounts = accountsForm.safeParse(document);
  if (accounts.success) return accounts.data;
  return refuse(accounts.error.issues.map(({ path, message }) => `${file}: ${path.slice(0, 2).join(".")}: ${message}`).join("; "));
}
