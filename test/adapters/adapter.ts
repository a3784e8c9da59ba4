/** The adapter as its operators have it, and Twilio's own SDK as its callers have that. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import twilio from "twilio";
import { afterAll } from "vitest";
import { stringify } from "yaml";
import { inbox } from "../process/calls.ts";
import { newFolder } from "../process/service.ts";

export const accountSid = `AC${"0a".repeat(16)}`;
export const authToken = "an auth token of the tests, 32 or more";
export const apiKey = { sid: `SK${"1b".repeat(16)}`, secret: "an api key secret of the tests, 32 or more" };
export const serviceSid = `VA${"2c".repeat(16)}`;
export const otherServiceSid = `VA${"3d".repeat(16)}`;
export const authorization = { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` };
export const secret = Buffer.alloc(32, 7).toString("base64");

export type Env = Readonly<Record<string, string>>;
export type Adapter = {
  readonly url: string;
  readonly stdout: () => string;
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
};

const main = fileURLToPath(new URL("../../adapters/twilio-verify/main.ts", import.meta.url));
const running = new Set<ChildProcess>();

afterAll(async () => {
  for (const child of [...running]) {
    child.kill("SIGKILL");
    await once(child, "close");
  }
});
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function writeAccounts(accounts: unknown = [standardAccount()]): string {
  const file = join(newFolder(), "accounts.yaml");
  writeFileSync(file, stringify(accounts), { mode: 0o600 });
  return file;
}

export const standardAccount = (key = "") => ({
  accountSid,
  authToken,
  apiKeys: { [apiKey.sid]: apiKey.secret },
  services: { [serviceSid]: key, [otherServiceSid]: key },
});

/** Starts a process and waits for nothing. */
export function launchAdapter(env: Env) {
  const child = spawn(process.execPath, [main], {
    cwd: newFolder(),
    env: { PATH: process.env.PATH ?? "", ADAPTER_ADDR: "127.0.0.1:0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const exited = once(child, "close").then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return { child, exited, stdout: gather(child.stdout), stderr: gather(child.stderr) };
}

export async function startAdapter(service: { readonly http: string }, env: Env = {}): Promise<Adapter> {
  const { child, exited, stdout, stderr } = launchAdapter({
    ADAPTER_ACCOUNTS: writeAccounts(),
    ADAPTER_COUNTERSIGN_URL: `http://${service.http}`,
    ...env,
  });
  for (;;) {
    const address = /"event":"started","address":"([^"]+)"/.exec(stdout())?.[1];
    if (address !== undefined) {
      return {
        url: `http://${address}`,
        stdout,
        async stop(signal = "SIGTERM") {
          child.kill(signal);
          return exited;
        },
      };
    }
    if (!running.has(child)) throw new Error(`the adapter did not start: ${stderr()}`);
    await sleep(10);
  }
}

type Credentials = { readonly user: string; readonly password: string; readonly service?: string };

/** A Verify service by the SDK; all that a caller changes is the base URL. */
export function verifyService({ url }: Pick<Adapter, "url">, given?: Credentials) {
  const { user, password, service } = given ?? { user: accountSid, password: authToken };
  const client = twilio(user, password, { accountSid });
  client.verify.baseUrl = url;
  return client.verify.v2.services(service ?? serviceSid);
}

/** The code of the newest message. */
export async function codeFor(at: { readonly http: string }, to: string): Promise<string> {
  const [newest] = await inbox(at, to);
  if (!newest) throw new Error("no message arrived");
  return newest.code;
}

/** What the SDK throws, by the fields that callers look at. */
export async function refusalOf(asked: Promise<unknown>): Promise<{ status: number; code: number; message: string; moreInfo: string }> {
  try {
    await asked;
  } catch (error) {
    if (!(error instanceof twilio.RestException)) throw error;
    const { status, code = 0, message, moreInfo = "" } = error;
    return { status, code, message, moreInfo };
  }
  throw new Error("it was not refused");
}

function gather(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
