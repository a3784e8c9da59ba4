import { expect, test } from "vitest";
import { application, createFixture, no, ok } from "./fixture.ts";

const sandboxed = { ...application, sandbox: new Map([["+4915112345678", "424242"]]) };

test("a recipient of the sandbox has its fixed code, and nothing is sent", async () => {
  const f = createFixture({ application: sandboxed });
  const challenge = await ok(f.send());
  expect(challenge).toMatchObject({ sandbox: true, deliveries: [{ provider: "sandbox", state: "accepted" }] });
  expect(f.sent).toEqual([]);
  expect(f.outcomes).toMatchObject([{ event: "sent", reason: "OK", sandbox: true }]);
  await ok(f.verify(challenge.challengeId, "424242"));
});

test("its guesses are as few as everybody's, over all its challenges", async () => {
  const f = createFixture({ application: sandboxed });
  for (let challenge = 0; challenge < 2; challenge++) {
    const { challengeId } = await ok(f.send());
    for (let guess = 0; guess < 5; guess++) await no(f.verify(challengeId, "000000"));
  }
  expect(await no(f.send())).toMatchObject({ reason: "TOO_MANY_ATTEMPTS" });
});

test("the next number along is nobody's sandbox", async () => {
  const f = createFixture({ application: sandboxed });
  const challenge = await ok(f.send({ recipient: { kind: "phone", value: "+4915112345679" } }));
  expect(challenge.sandbox).toBe(false);
  expect(f.sent).toHaveLength(1);
});
