/** What clients of the AWS SDK are told, and how their requests are carried. */
import type { HttpPost } from "./post-once.ts";
import { NoAnswer } from "./post-once.ts";

export type AwsAccount = {
  readonly region: string;
  /** Without one, the SDK looks for credentials. */
  readonly accessKey?: { readonly id: string; readonly secret: string } | undefined;
};

/** What is said here, the SDK would look up in the environment and in files otherwise. */
export const awsOptions = ({ region, accessKey }: AwsAccount, endpoint: string) => ({
  region,
  endpoint,
  ...(accessKey && { credentials: { accessKeyId: accessKey.id, secretAccessKey: accessKey.secret } }),
  maxAttempts: 1,
  retryMode: "standard",
  defaultsMode: "standard" as const,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  authSchemePreference: ["aws.auth#sigv4"],
  userAgentAppId: "countersign",
});

export const awsEndpoint = (service: string, region: string): string =>
  `https://${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;

/** A request as the SDK signed it. */
export type SignedRequest = {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

export function toPost({ protocol, hostname, port, path, headers, body }: SignedRequest): Pick<HttpPost, "url" | "headers" | "body"> {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`);
  return { url, headers, body: textOf(body) };
}

/** The SDK's own byte arrays warn when they are asked for their text. */
const textOf = (body: unknown): string =>
  body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString() : String(body);

/** Looking for credentials takes no signal, and may ask a server that does not answer. */
export async function within<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new NoAnswer(false, "timeout", signal.reason));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
