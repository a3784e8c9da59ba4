import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { startService } from "../process/service.ts";
import { runHttpFile } from "./http-file.ts";

const text = readFileSync(new URL("../../examples/countersign.http", import.meta.url), "utf8");

test("every request of countersign.http is answered as its title says", async () => {
  const service = await startService();
  const answers = await runHttpFile(text, { host: `http://${service.http}`, phone: `+1415555${randomInt(2000, 9999)}` });
  expect(Object.fromEntries(Object.entries(answers).map(([name, { status }]) => [name, status]))).toEqual({
    send: 200,
    get: 200,
    resend: 429,
    inbox: 200,
    mismatch: 400,
    verify: 200,
    jwks: 200,
    redeem: 200,
    sendEmail: 200,
    cancel: 200,
  });
  const reasons = [answers.resend, answers.mismatch].map((answer) => JSON.stringify(answer?.body).match(/"reason":"(\w+)"/)?.[1]);
  expect(reasons).toEqual(["RESEND_COOLDOWN", "BINDING_MISMATCH"]);
  expect(answers.redeem?.body).toMatchObject({ purpose: "payment", channel: "CHANNEL_SMS" });
});
