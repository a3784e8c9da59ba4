import { randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { expect, it, onTestFinished, vi } from "vitest";
import { type GatewayRequest, startGateway } from "../providers/gateway-server.ts";
import { signGateway } from "../providers/receipt-signers.ts";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { newKey, newSecret, sampleConfig } from "./production-config.ts";
import { startHonest, startRotating } from "./rotation-kit.ts";
import { newSqlite } from "./service.ts";
import { codeInText } from "./vendors.ts";

// Services that start, and many calls, beside all the other tests.
vi.setConfig({ testTimeout: 180_000 });

const caller = newKey();
const newHook = (): string => `whsec_${newSecret()}`;
const publicUrl = "https://otp.example.com";

it("secrets of a webhook and of its receipts, under load: messages are signed by both, and receipts by either are taken", async () => {
  const [oldSigning, newSigning, oldReceipts, newReceipts] = [newHook(), newHook(), newHook(), newHook()];
  // What the other side knows: one key of each, and it changes over while both are there.
  const receiver = { knows: oldSigning, signsWith: oldReceipts };
  const codes = new Map<string, string>();
  const receipts: Promise<number>[] = [];
  let service: { readonly http: string } | undefined;
  const sendReceipt = async (url: string, deliveryId: string): Promise<number> => {
    const { headers, body } = signGateway(
      url,
      { type: "countersign.receipt", delivery_id: deliveryId, state: "delivered" },
      { secret: receiver.signsWith },
    );
    return (await fetch(url.replace(publicUrl, `http://${service?.http}`), { method: "POST", headers, body })).status;
  };
  const gateway = await startGateway({
    answer({ headers, body }: GatewayRequest) {
      const message = new Webhook(receiver.knows).verify(body, headers as Record<string, string>) as Record<
        "to" | "code" | "receipt_url" | "delivery_id",
        string
      >;
      codes.set(message.to, message.code);
      receipts.push(sendReceipt(message.receipt_url, message.delivery_id));
      return { status: 202, body: '{"id":"g-1"}' };
    },
  });
  onTestFinished(() => gateway.stop());
  const sample = sampleConfig({}, [caller]);
  const [shop] = sample.applications;
  const withSecrets = (secrets: string[], receiptSecrets: string[]) => ({
    ...sample,
    applications: [{ ...shop, channels: ["sms"] }],
    providers: {
      own: {
        kind: "webhook",
        url: gateway.url,
        channels: ["sms"],
        secrets,
        allowPrivateHosts: ["127.0.0.1"],
        receipts: { secrets: receiptSecrets },
      },
    },
    channels: { sms: ["own"] },
    receipts: { publicUrl },
  });
  const rotating = await startRotating({ config: withSecrets([oldSigning], [oldReceipts]), store: newSqlite().url, key: caller.key });
  service = rotating.services[0];
  const load = startHonest({ wires: () => rotating.wires, codeSentTo: (to) => codes.get(to) as string });
  await load.until(30);
  await rotating.reload(withSecrets([newSigning, oldSigning], [oldReceipts, newReceipts]));
  await load.until(30);
  Object.assign(receiver, { knows: newSigning, signsWith: newReceipts });
  await load.until(30);
  await rotating.reload(withSecrets([newSigning], [newReceipts]));
  await load.until(30);
  await load.verifyHeld();
  await load.stop();
  expect(new Set(await Promise.all(receipts))).toEqual(new Set([200]));
  expect(receipts.length).toBeGreaterThan(100);
});

it("the secret of a captcha, under load: each answer is asked of its vendor by one that the vendor takes", async () => {
  const twilio = await startTwilioServer();
  const taken = new Set(["old-site-secret"]);
  const used: string[] = [];
  const vendor = await startGateway({
    answer({ body }) {
      const secret = new URLSearchParams(body).get("secret") ?? "";
      used.push(secret);
      const answer = taken.has(secret)
        ? { success: true, action: "login", hostname: "app.example.com", challenge_ts: new Date().toISOString() }
        : { success: false, "error-codes": ["invalid-input-secret"] };
      return { status: 200, body: JSON.stringify(answer), headers: { "content-type": "application/json" } };
    },
  });
  onTestFinished(() => Promise.all([twilio.stop(), vendor.stop()]).then(() => undefined));
  const sample = sampleConfig({ twilio: { baseUrl: twilio.baseUrl } }, [caller]);
  const [shop] = sample.applications;
  const withSecret = (secret: string) => ({
    ...sample,
    applications: [{ ...shop, captcha: { use: "vendor", require: "always", hostnames: ["app.example.com"] } }],
    captchas: { vendor: { kind: "turnstile", secret, baseUrl: `http://127.0.0.1:${vendor.port}` } },
  });
  const rotating = await startRotating({ config: withSecret("old-site-secret"), store: newSqlite().url, key: caller.key });
  const load = startHonest({
    wires: () => rotating.wires,
    codeSentTo: (to) => codeInText(twilio.requests, to),
    more: () => ({ purpose: "login", captchaToken: randomUUID() }),
  });
  await load.until(30);
  taken.add("new-site-secret");
  await rotating.reload(withSecret("new-site-secret"));
  await load.until(20);
  const at = used.length;
  // What was begun by the old configuration has been asked; the vendor may forget the old secret.
  taken.delete("old-site-secret");
  await load.until(30);
  await load.verifyHeld();
  await load.stop();
  expect(new Set(used.slice(at))).toEqual(new Set(["new-site-secret"]));
});
