import { afterAll, describe, expect, it } from "vitest";
import { startSmtpServer } from "../providers/smtp-server.ts";
import { startTwilioServer } from "../providers/twilio-server.ts";
import { inbox, newPhone, sendTo } from "./calls.ts";
import { hasMongo, newMongo } from "./databases.ts";
import { makeEveryCall, type Place } from "./every-call.ts";
import { newKey, sampleConfig } from "./production-config.ts";
import { type Recorder, record } from "./recorder.ts";
import { formsOf, type Output, type Secret, secretsIn } from "./secrets-in.ts";
import { newSqlite, type Service, startService } from "./service.ts";
import { mongoContents, type StoreContents, sqliteContents } from "./store-contents.ts";
import { codeInCall, codeInMail, codeInText } from "./vendors.ts";

/** Ten digits, so that none is found by chance in a time or an id; and no wait between two messages. */
const env = {
  COUNTERSIGN__applications__0__code__length: "10",
  COUNTERSIGN__applications__0__limits__cooldownsSeconds: "[0]",
  COUNTERSIGN_LOG_LEVEL: "trace",
};

type Run = {
  readonly service: Service;
  readonly recorder: Recorder;
  readonly secrets: readonly Secret[];
  readonly stored: readonly Output[];
};

describe("nothing that was stored, logged or answered holds a code or a recipient", () => {
  it("in development, on SQLite", async () => {
    const { path, url } = newSqlite();
    const service = await startService({ store: url, env });
    const messages: string[] = [];
    const codeSentTo = async (to: string) => {
      const [message] = await inbox(service, to);
      messages.push(JSON.stringify(message));
      return message?.code ?? "";
    };
    const run = await makeCalls(service, sqliteContents(path), { codeSentTo });
    // The same search finds every code where it belongs.
    const shown = [{ name: "inbox", bytes: Buffer.from(messages.join("\n")) }];
    for (const secret of run.secrets.filter(({ name }) => !name.startsWith("code 1"))) expect(secretsIn(shown, [secret])).not.toEqual([]);
    await expectNoLeak(run);
  });

  it.each(hasMongo ? ["MongoDB", "SQLite"] : ["SQLite"])("in production, on %s, whose vendors repeat what they got", async (name) => {
    const [twilio, smtp] = await Promise.all([startTwilioServer(), startSmtpServer()]);
    afterAll(() => Promise.all([twilio.stop(), smtp.stop()]));
    const { path, url } = name === "MongoDB" ? { path: "", url: newMongo() } : newSqlite();
    const caller = newKey();
    const config = sampleConfig({ twilio: { baseUrl: twilio.baseUrl }, smtp: { port: smtp.port, ca: smtp.ca } }, [caller]);
    const service = await startService({ config, store: url, key: caller.key, env });
    const contents = name === "MongoDB" ? mongoContents(url) : sqliteContents(path);
    const codeSentTo: Place["codeSentTo"] = async (to, channel) => {
      if (channel === "CHANNEL_EMAIL") return codeInMail(smtp.mails, to);
      return channel === "CHANNEL_VOICE" ? codeInCall(twilio.requests, to) : codeInText(twilio.requests, to);
    };
    const refuse = async ({ wires: [wire] }: Recorder): Promise<Secret[]> => {
      const [phone, address] = [newPhone(), `bob.${newPhone().slice(1)}@example.com`];
      const words = `the recipient ${phone} ${address} is not known here`;
      twilio.state.behaviour = { kind: "answer", status: 400, body: JSON.stringify({ status: 400, code: 21211, message: words }) };
      smtp.state.replies = { RCPT: [550, words] };
      for (const sent of [
        sendTo(phone),
        sendTo(phone, { channels: ["CHANNEL_VOICE"] }),
        { method: "SendCode" as const, request: { recipient: { emailAddress: address } } },
      ])
        expect(await wire?.send(sent)).toMatchObject({ reason: "DELIVERY_FAILED" });
      twilio.state.behaviour = { kind: "reset" };
      smtp.state.replies = { dropAfterData: true };
      for (const sent of [sendTo(phone), { method: "SendCode" as const, request: { recipient: { emailAddress: address } } }])
        await wire?.send(sent);
      const sent = [...twilio.requests.slice(-3).map(({ fields }) => /^\d{10}/.exec(fields.Body ?? "")?.[0]), caller.key];
      return [phone.slice(1), address, ...sent].flatMap((text, index) => (text ? [{ name: `refused ${index}`, text }] : []));
    };
    const run = await makeCalls(service, contents, { codeSentTo, key: caller.key, refuse });
    await expectNoLeak(run);
  });
});

describe("the search itself", () => {
  it("finds a secret in every form, wherever it stands", () => {
    for (const text of ["0123456789", "4915112345678", "ann.4915112345678@example.com"]) {
      const planted = [
        text,
        text.toUpperCase(),
        Buffer.from(text).toString("hex"),
        Buffer.from(text, "utf16le"),
        ...["", "a", "ab", "abc"].flatMap((before) =>
          (["base64", "base64url"] as const).map((encoding) => Buffer.from(`${before}${text}xyz`).toString(encoding)),
        ),
        ...(/^\d+$/.test(text) ? [[...text].map((digit) => `<Say language="en-US">${digit}</Say><Pause length="1"/>`).join("")] : []),
      ];
      for (const form of planted) {
        const bytes = Buffer.concat([Buffer.from('{"level":"info","x":"'), Buffer.from(form as string), Buffer.from('"}')]);
        expect(secretsIn([{ name: "log", bytes }], [{ name: "secret", text }]), String(form)).not.toEqual([]);
      }
      expect(secretsIn([{ name: "log", bytes: Buffer.from("0123456788 491511234567") }], [{ name: "secret", text }])).toEqual([]);
      expect(formsOf(text).every(({ pattern }) => pattern.toString().length > 7)).toBe(true);
    }
  });
});

type Making = {
  readonly codeSentTo: Place["codeSentTo"];
  readonly key?: string;
  readonly refuse?: (recorder: Recorder) => Promise<Secret[]>;
};

async function makeCalls(service: Service, contents: StoreContents, { codeSentTo, key, refuse }: Making): Promise<Run> {
  const recorder = record(service, key);
  afterAll(() => recorder.close());
  const secrets: Secret[] = [];
  for (const wire of recorder.wires) secrets.push(...(await makeEveryCall(wire, { codeSentTo, expire: contents.expire })));
  secrets.push(...((await refuse?.(recorder)) ?? []));
  const stored = await contents.read();
  await service.stop();
  return { service, recorder, secrets, stored: [...stored, ...(await contents.read())] };
}

async function expectNoLeak({ service, recorder, secrets, stored }: Run): Promise<void> {
  recorder.close();
  expect(secrets.length).toBeGreaterThan(60);
  expect(secrets.filter(({ name, text }) => name.startsWith("code") && text.length !== 10)).toEqual([]);
  const logs = [service.stdout(), service.stderr()].map((text, index) => ({ name: index ? "stderr" : "stdout", bytes: Buffer.from(text) }));
  expect(service.log().filter(({ event }) => event === "code_verified").length).toBeGreaterThan(100);
  expect(recorder.outputs.length).toBeGreaterThan(200);
  expect(stored.reduce((total, { bytes }) => total + bytes.length, 0)).toBeGreaterThan(20_000);
  // Whoever was verified is named in that answer, beside the purpose: the one place where a recipient belongs.
  const isVerification = ({ name, bytes }: Output): boolean => name.includes("VerifyCode") && Buffer.from(bytes).includes("payment");
  const recipients = secrets.filter(({ name }) => name.startsWith("the recipient"));
  const verifications = recorder.outputs.filter(isVerification);
  expect(verifications).toHaveLength(2 * recipients.length);
  for (const recipient of recipients) expect(secretsIn(verifications, [recipient])).not.toEqual([]);
  const codes = secrets.filter((secret) => !recipients.includes(secret));
  expect(secretsIn([...logs, ...recorder.outputs, ...stored], codes)).toEqual([]);
  expect(secretsIn([...logs, ...recorder.outputs.filter((output) => !isVerification(output)), ...stored], recipients)).toEqual([]);
}
