/**
 * Makes and runs every example whose toolchain is here, against a service of its own in development mode, or against the one that runs at
 * given addresses: node examples/main.ts [GRPC_HOST:PORT HTTP_HOST:PORT]. Ends with "N passed, N failed, N skipped". With
 * COUNTERSIGN_REQUIRE_EXAMPLES=1 a missing toolchain is a failure.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Client, clients } from "./clients.ts";
import { type Guard, guards } from "./guards.ts";
import { runProgram } from "./run-program.ts";
import { root } from "./stage.ts";
import { startGuard } from "./start-guard.ts";

type Service = { readonly grpc: string; readonly http: string; readonly stop: () => void };
type Outcome = "passed" | "failed" | "skipped";

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const newPhone = (): string => `+1415555${randomInt(2000, 9999)}`;
const tally: Record<Outcome, number> = { passed: 0, failed: 0, skipped: 0 };

const [grpc, http] = process.argv.slice(2);
const service = grpc && http ? { grpc, http, stop: () => undefined } : await startService();
try {
  for (const [name, client] of Object.entries(clients)) await report(`client in ${name}`, client, () => tryClient(client));
  for (const [name, guard] of Object.entries(guards)) await report(`guard in ${name}`, guard, () => tryGuard(guard));
} finally {
  service.stop();
}
print(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
process.exitCode = tally.failed === 0 ? 0 : 1;

async function report(name: string, { probe }: Client | Guard, attempt: () => Promise<string>): Promise<void> {
  const started = performance.now();
  const isThere = await runProgram(probe).then(
    ({ ok }) => ok,
    () => false,
  );
  const without = process.env.COUNTERSIGN_REQUIRE_EXAMPLES === "1" ? "failed" : "skipped";
  const [outcome, said] = isThere ? await tell(attempt()) : ([without, `there is no ${probe[0]}`] as const);
  tally[outcome] += 1;
  print(`${outcome}  ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)\n${said.trim().replace(/^/gm, "        ")}`);
}

async function tell(attempt: Promise<string>): Promise<readonly [Outcome, string]> {
  return attempt.then(
    (said) => ["passed", said] as const,
    (error: Error) => ["failed", error.message] as const,
  );
}

async function tryClient(client: Client): Promise<string> {
  const folder = await client.prepare();
  const ran = await runProgram(client.command(folder, { ...service, phone: newPhone() }), { env: client.env?.(folder), timeoutMs: 60_000 });
  if (!ran.ok) throw new Error(ran.stdout + ran.stderr);
  return ran.stdout;
}

async function tryGuard(guard: Guard): Promise<string> {
  const folder = await guard.prepare();
  const proof = await earnProof("payment");
  const guarded = { port: await freePort(), countersign: `http://${service.http}`, issuer: "countersign-development", audience: "dev" };
  const { ask, stop } = await startGuard(guard, folder, guarded);
  try {
    const [without, other, right] = [await ask(), await ask(await earnProof("login")), await ask(proof)];
    const said = `without a proof ${without.status}, with another ${other.status}, with the right one ${right.status}`;
    if (`${without.status} ${other.status} ${right.status}` !== "401 401 200") throw new Error(said);
    return said;
  } finally {
    stop();
  }
}

async function earnProof(purpose: string): Promise<string> {
  const phoneNumber = newPhone();
  const { challenge } = (await call("SendCode", { recipient: { phoneNumber }, purpose })) as { challenge: { challengeId: string } };
  const inbox = await fetch(`http://${service.http}/dev/inbox?to=${encodeURIComponent(phoneNumber)}`);
  const [message] = (await inbox.json()) as { code: string }[];
  const request = { challengeId: challenge.challengeId, code: message?.code, purpose };
  return ((await call("VerifyCode", request)) as { proofToken: string }).proofToken;
}

async function call(method: string, request: object): Promise<unknown> {
  const url = `http://${service.http}/countersign.v1.CodeService/${method}`;
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(request) });
  if (!response.ok) throw new Error(`${method}: ${await response.text()}`);
  return response.json();
}

async function startService(): Promise<Service> {
  const free = "127.0.0.1:0";
  const env = { PATH: process.env.PATH, COUNTERSIGN_GRPC_ADDR: free, COUNTERSIGN_HTTP_ADDR: free };
  const child = spawn(process.execPath, [join(root, "src/main.ts")], { env, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"event":"started"')) continue;
    child.stdout.resume();
    return { ...(JSON.parse(line) as { grpc: string; http: string }), stop: () => void child.kill() };
  }
  throw new Error("the service did not start");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}
