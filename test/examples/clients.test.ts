import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clients } from "../../examples/clients.ts";
import { type Ran, runProgram } from "../../examples/run-program.ts";
import { inbox } from "../process/calls.ts";
import { type Service, startService } from "../process/service.ts";
import { type Gateway, retryMs, startLossyGateway } from "./lossy-gateway.ts";
import { prepareAll } from "./prepared.ts";

const newPhone = (): string => `+1415555${randomInt(2000, 9999)}`;

// Packages are fetched and compiled on the first run only, by all languages at once.
const prepared = await prepareAll(clients);

let service: Service;
const gateways: Gateway[] = [];
const newGateway = async (): Promise<Gateway> => {
  const gateway = await startLossyGateway(service);
  gateways.push(gateway);
  return gateway;
};

beforeAll(async () => {
  service = await startService();
});
afterAll(() => {
  for (const gateway of gateways) gateway.close();
});

describe.each(prepared)("the client in $name", { timeout: 90_000 }, ({ name, example, folder }) => {
  const run = (addresses: { grpc: string; http: string }, phone: string): Promise<Ran> =>
    runProgram(example.command(folder ?? "", { ...addresses, phone }), { env: example.env?.(folder ?? ""), timeoutMs: 50_000 });

  test.skipIf(!folder)("sends, verifies and understands each refusal, over a network that loses answers, with one message", async () => {
    const gateway = await newGateway();
    const phone = newPhone();
    const { ok, stdout, stderr } = await run(gateway, phone);
    expect({ ok, stderr, stdout }).toEqual({ ok: true, stderr: "", stdout: expect.stringMatching(`verified \\${phone}\n`) });
    expect(stdout.split("\n").slice(0, 6)).toEqual([
      expect.stringMatching(/^refused: INVALID_ARGUMENT \(recipient\.phone_number: write the number with \+/),
      `sent to +14••••••${phone.slice(-3)}`,
      expect.stringMatching(/^refused: RESEND_COOLDOWN \(again in (30|2\d) ?s\)$/),
      "refused: CODE_MISMATCH (4 guesses left)",
      `verified ${phone}`,
      name === "browser" ? "now VERIFIED" : "refused: CODE_ALREADY_USED (send a new code)",
    ]);
    expect(gateway.calls.map(({ method, lost }) => [method, lost])).toEqual([
      ["SendCode", true],
      ["SendCode", false],
      ["VerifyCode", true],
      ["VerifyCode", false],
    ]);
    const [sent, sentAgain, verified, verifiedAgain] = gateway.calls;
    expect([sentAgain?.key, verifiedAgain?.key]).toEqual([sent?.key, verified?.key]);
    expect(sent?.key).toMatch(/^[\w-]{20,}$/);
    expect(Number(sentAgain?.at) - Number(sent?.at)).toBeGreaterThanOrEqual(retryMs);
    expect(await inbox(service, phone)).toHaveLength(1);
  });

  const failsWhenFooled = async () => {
    const gateway = await newGateway();
    gateway.acceptEverything();
    const { ok, stdout } = await run(gateway, newPhone());
    expect([ok, stdout]).toEqual([false, expect.not.stringContaining("verified")]);
  };
  // A page shows what the service says, and has nothing else to go by.
  if (name !== "browser") test.skipIf(!folder)("fails when a wrong code is accepted", failsWhenFooled);

  test.skipIf(!folder)("fails when nobody answers", async () => {
    const { ok, stdout } = await run({ grpc: "127.0.0.1:1", http: "127.0.0.1:1" }, newPhone());
    expect([ok, stdout]).toEqual([false, ""]);
  });
});
