import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, expect, it } from "vitest";
import { inbox, newPhone, wrong } from "../process/calls.ts";
import { describeInBrowser, watch } from "./browser.ts";
import { askForCode, expectNoComplaints, handsOn, shows, useElement, type Visit } from "./element.ts";

const lifetimeSeconds = 30;

describeInBrowser("the element, when things go wrong", { concurrent: true }, () => {
  const { visit, message, service } = useElement(
    {
      applications__0__code__lifetimeSeconds: lifetimeSeconds,
      applications__0__limits__guessesPerChallenge: 3,
      applications__0__limits__failures__perHour: 4,
      applications__0__limits__cooldownsSeconds: [1],
      applications__0__limits__sendsPerChallenge: 2,
    },
    { trusted: true },
  );

  // The shortest lifetime there is takes as long as all the other tests together, so it runs beside them.
  let expiring: Visit;
  let expiringPhone: string;
  beforeAll(async () => {
    expiring = await visit();
    expiringPhone = await askForCode(expiring);
  });

  it("goes on with the same challenge after a refresh, and keeps neither code nor recipient", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    const { code, challengeId } = await message(phone);
    await visited.field.pressSequentially(code.slice(0, 3));
    expect(await visited.page.evaluate(() => Object.values({ ...sessionStorage, ...localStorage }))).toEqual([challengeId]);
    await visited.page.reload();
    await shows(visited, /We sent a text message to/);
    expect(await visited.field.inputValue()).toBe("");
    expect(await visited.page.evaluate(() => document.activeElement?.localName)).toBe("body");
    await visited.field.fill(code);
    await shows(visited, "Verified");
    await visited.page.reload();
    await visited.element.getByLabel("Phone number").waitFor();
  });

  it("lets two windows have a challenge each", async () => {
    await using first = await visit();
    const phone = await askForCode(first);
    const { code } = await message(phone);
    const second = handsOn(watch(await first.page.context().newPage()));
    await second.page.goto(first.page.url());
    await askForCode(second, phone);
    const other = await message(phone);
    expect(other.challengeId).not.toBe((await first.told())[0]?.challengeId);
    await second.field.fill(other.code);
    await shows(second, "Verified");
    await first.field.fill(code);
    await shows(first, "Verified");
  });

  it("sees that another window has used the code", async () => {
    await using first = await visit();
    const phone = await askForCode(first);
    // A duplicated tab has a copy of the session.
    const [session] = await first.page.evaluate(() => Object.entries({ ...sessionStorage }));
    const second = handsOn(watch(await first.page.context().newPage()));
    await second.page.addInitScript(([name, value]) => sessionStorage.setItem(name as string, value as string), session ?? []);
    await second.page.goto(first.page.url());
    await shows(second, /We sent a text message to/);
    await second.field.fill((await message(phone)).code);
    await shows(second, "Verified");
    await first.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await shows(first, "This code was already used, perhaps in another window.");
  });

  it("waits for a slow network, says so, and asks once", async () => {
    await using visited = await visit();
    await visited.page.route("**/SendCode", async (route) => {
      await sleep(700);
      await route.continue();
    });
    const phone = newPhone();
    await visited.field.fill(phone);
    await visited.button("Send code").click();
    await shows(visited, "Sending…");
    expect(await visited.button("Sending…").getAttribute("aria-disabled")).toBe("true");
    await visited.field.press("Enter");
    await visited.element.getByLabel("Enter the 6-digit code").waitFor();
    expect(await inbox(service(), phone)).toHaveLength(1);
    await expectNoComplaints(visited);
  });

  it("repeats what got no answer, and neither sends twice nor spends a guess", async () => {
    await using visited = await visit();
    const lost: string[] = [];
    // The service gets the request, and the answer is lost on its way back.
    for (const method of ["SendCode", "VerifyCode"])
      await visited.page.route(`**/${method}`, async (route) => {
        if (lost.includes(method)) return route.continue();
        lost.push(method);
        await route.fetch();
        return route.abort("connectionreset");
      });
    const phone = await askForCode(visited);
    expect(await inbox(service(), phone)).toHaveLength(1);
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "Verified");
    expect(lost).toEqual(["SendCode", "VerifyCode"]);
    expect((await visited.told()).map(({ type }) => type)).toEqual(["countersign-sent", "countersign-verified"]);
  });

  it("keeps the code while there is no network, and goes on when there is one", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    await visited.page.context().setOffline(true);
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "No connection. Nothing is lost: try again.");
    expect(await visited.field.inputValue()).toHaveLength(6);
    await visited.page.context().setOffline(false);
    await visited.button("Verify").click();
    await shows(visited, "Verified");
    expect((await visited.told()).map(({ reason }) => reason)).toEqual([undefined, "NO_ANSWER", undefined]);
  });

  it("ends a challenge whose guesses are spent, and locks with the recipient", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    for (const left of ["2 attempts left.", "1 attempt left."]) {
      await visited.field.pressSequentially(wrong((await message(phone)).code));
      await shows(visited, left);
    }
    await visited.field.pressSequentially(wrong((await message(phone)).code));
    await shows(visited, "Too many wrong codes.");
    await visited.button("Send a new code").click();
    await shows(visited, /We sent a text message to/);
    // The recipient has one guess left this hour, whatever the challenge has.
    await visited.field.pressSequentially(wrong((await message(phone)).code));
    await shows(visited, "Too many wrong codes.");
    await visited.button("Send a new code").click();
    await shows(visited, /For your safety, codes are paused for this recipient\. Try again in 1 hour\./);
    const last = (await visited.told()).at(-1);
    expect(last).toMatchObject({ type: "countersign-failed", reason: "TOO_MANY_ATTEMPTS", retryAfterMs: expect.any(Number) });
  });

  it("offers no more messages than there are", async () => {
    await using visited = await visit();
    await askForCode(visited);
    await visited.element.getByRole("button", { name: "Send again", disabled: false }).click();
    await shows(visited, "No more messages can be sent for this code.");
    expect(await visited.button("Send again").count()).toBe(0);
  });

  it("says when too many codes were asked for, and until when", async () => {
    await using visited = await visit();
    const phone = newPhone();
    for (let count = 0; count < 5; count++) {
      await askForCode(visited, phone);
      await visited.button("Use another number").click();
    }
    await visited.field.fill(phone);
    await visited.button("Send code").click();
    await shows(visited, /Too many codes were asked for\. Try again in 10 minutes\./);
  });

  it("ends when the time is over, by itself, and starts again", async () => {
    const { code } = await message(expiringPhone);
    await expiring.element
      .getByText("This code has expired.")
      .first()
      .waitFor({ timeout: 1_500 * lifetimeSeconds });
    expect((await expiring.told()).at(-1)).toEqual({ type: "countersign-failed", reason: "CODE_EXPIRED" });
    await expiring.button("Send a new code").click();
    await shows(expiring, /We sent a text message to/);
    const next = await message(expiringPhone);
    expect(next.challengeId).not.toBe((await expiring.told())[0]?.challengeId);
    await expiring.field.fill(next.code === code ? wrong(code) : code);
    await shows(expiring, "That code is not right.");
    await expiring.field.fill(next.code);
    await shows(expiring, "Verified");
  });
});
