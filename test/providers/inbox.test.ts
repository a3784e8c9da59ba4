import { expect, test } from "vitest";
import { createInbox } from "../../src/providers/inbox.ts";
import { mailMessage, patience, smsMessage } from "./messages.ts";

test("keeps what was sent, newest first, with the time of each", async () => {
  let now = Date.UTC(2030, 0, 2, 3, 4, 5);
  const inbox = createInbox({ now: () => now });
  expect(await inbox.provider.send(smsMessage, patience())).toEqual({ outcome: "accepted", reference: "d1" });
  now += 1_000;
  await inbox.provider.send(mailMessage, patience());
  expect(inbox.list()).toEqual([
    {
      channel: "email",
      to: "Ada+codes@example.org",
      subject: "Your Example code",
      text: mailMessage.text,
      code: "482913",
      challengeId: "challenge-1",
      sentAt: "2030-01-02T03:04:06.000Z",
      html: mailMessage.html,
    },
    {
      channel: "sms",
      to: "+4915112345678",
      subject: "",
      text: smsMessage.text,
      code: "482913",
      challengeId: "challenge-1",
      sentAt: "2030-01-02T03:04:05.000Z",
    },
  ]);
});

test("finds a recipient in whatever spelling", async () => {
  const inbox = createInbox({ now: () => 0 });
  await inbox.provider.send(smsMessage, patience());
  await inbox.provider.send(mailMessage, patience());
  for (const to of ["+4915112345678", "+49 (151) 123-456-78", " 4915112345678"])
    expect(inbox.list(to).map(({ channel }) => channel)).toEqual(["sms"]);
  for (const to of ["Ada+codes@example.org", "ada+CODES@EXAMPLE.ORG", " ada+codes@example.org"])
    expect(inbox.list(to).map(({ channel }) => channel)).toEqual(["email"]);
  for (const to of ["", "+4915112345679", "ada@example.org"]) expect(inbox.list(to)).toEqual([]);
});

test("forgets the oldest beyond its capacity, and hands out what nobody can change", async () => {
  const inbox = createInbox({ now: () => 0, capacity: 3 });
  for (const code of ["1111", "2222", "3333", "4444"]) await inbox.provider.send({ ...smsMessage, code }, patience());
  const listed = inbox.list() as unknown[];
  expect(inbox.list().map(({ code }) => code)).toEqual(["4444", "3333", "2222"]);
  listed.length = 0;
  expect(inbox.list()).toHaveLength(3);
});
