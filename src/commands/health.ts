import http from "node:http";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { type Address, addressForm, parseAddress } from "../config/address.ts";
import { type CommandIo, exitCodes, jsonOption, UsageError } from "./command.ts";
import { defineCommand } from "./define-command.ts";

/**
 * Reads the environment and no file: a configuration that is broken on the disk, and that the running service has not taken, says nothing
 * about the service.
 */
export const health = defineCommand({
  name: "health",
  group: "Run the service",
  summary: "Ask the service beside this command whether it lives.",
  details: "Or with --ready whether it can serve. With TLS or without.",
  options: {
    ready: { about: "Ask whether it can serve: /readyz instead of /healthz." },
    wait: { value: "SECONDS", range: [0, 300], fallback: "0", about: "Ask until it does, at most so long." },
    address: { value: "HOST:PORT", about: "Its HTTP listener, instead of COUNTERSIGN_HTTP_ADDR or 127.0.0.1:8080." },
    json: jsonOption,
  },
  json: "`{answer}`, a sentence.",
  fails: "It does not live, or cannot serve.",
  environment: { COUNTERSIGN_HTTP_ADDR: "Where its HTTP listener is." },
  examples: ["health", "health --ready --wait 30"],
  async run({ options: { ready, wait, address, json } }, io) {
    const target = { ...addressFrom(address, io), path: ready ? "/readyz" : "/healthz" };
    const answer = await askUntil(target, performance.now() + Number(wait) * 1000);
    if (!answer.ok) return io.fail(answer.text);
    io.stdout(`${json ? JSON.stringify({ answer: answer.text }) : answer.text}\n`);
    return exitCodes.done;
  },
});

type Target = Address & { readonly path: string };
type Answer = { readonly ok: boolean; readonly text: string };

const timeoutMs = 2_000;
const againMs = 200;

async function askUntil(target: Target, deadline: number): Promise<Answer> {
  for (;;) {
    const answer = await ask(target);
    if (answer.ok || performance.now() >= deadline) return answer;
    await sleep(againMs);
  }
}

async function ask({ host, port, path }: Target): Promise<Answer> {
  const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const plain = await statusOf((answered) => http.get({ host, port, path, timeout: timeoutMs, agent: false }, answered));
  if (plain === "ECONNREFUSED") return { ok: false, text: `nothing listens on ${where}` };
  // Who answers no plain HTTP may want TLS. The certificate is for the callers' name of the service, not for this address.
  const options = { host, port, path, timeout: timeoutMs, agent: false, rejectUnauthorized: false } as const;
  const status = typeof plain === "number" ? plain : await statusOf((answered) => https.get(options, answered));
  if (typeof status === "string") return { ok: false, text: `${where} does not answer: ${status}` };
  return { ok: status === 200, text: `${where}${path} answers ${status}` };
}

type Get = (answered: (response: http.IncomingMessage) => void) => http.ClientRequest;

/** The status, or the code of what went wrong. */
function statusOf(get: Get): Promise<number | string> {
  return new Promise((resolve) => {
    const request = get((response) => {
      response.resume();
      resolve(response.statusCode ?? "no status");
    });
    request.on("timeout", () => request.destroy(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })));
    request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** Where it listens on every address, it does on loopback. */
function addressFrom(given: string | undefined, { env }: CommandIo): Address {
  const address = parseAddress(given ?? env.COUNTERSIGN_HTTP_ADDR ?? "127.0.0.1:8080");
  if (!address || address.port === 0) throw new UsageError(`--address and COUNTERSIGN_HTTP_ADDR are ${addressForm}; and not 0 here.`);
  if (address.host === "0.0.0.0") return { ...address, host: "127.0.0.1" };
  return /^[0:]+$/.test(address.host) ? { ...address, host: "::1" } : address;
}
