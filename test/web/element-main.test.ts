import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { ErrorInfoSchema } from "../../src/gen/google/rpc/error_details_pb.js";
import { newPhone, wrong } from "../process/calls.ts";
import { describeInBrowser } from "./browser.ts";
import { askForCode, expectNoComplaints, focusOf, shows, useElement } from "./element.ts";

describeInBrowser("the element", { concurrent: true }, () => {
  const { visit, message } = useElement({ applications__0__limits__cooldownsSeconds: [2] });

  it("sends, verifies, and tells the page by event and promise", async () => {
    await using visited = await visit({ attributes: 'purpose="login"' });
    const { page, element, field, told } = visited;
    await page.evaluate("void document.querySelector('countersign-code').verified.then((proof) => { globalThis.proof = proof; })");
    const phone = await askForCode(visited);
    await shows(visited, "We sent a text message to");
    expect(await element.locator("bdi").textContent()).toMatch(new RegExp(`^\\${phone.slice(0, 3)}•+${phone.slice(-3)}$`));
    await field.pressSequentially((await message(phone)).code);
    await shows(visited, "Verified");
    const [sent, done, ...others] = await told();
    expect(sent).toMatchObject({ type: "countersign-sent", channel: "sms", maskedRecipient: expect.stringContaining("•") });
    expect(done).toMatchObject({ type: "countersign-verified", challengeId: sent?.challengeId, purpose: "login", channel: "sms" });
    expect(done?.proofToken).toMatch(/^ey[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(others).toEqual([]);
    expect(await page.evaluate("proof")).toMatchObject({ challengeId: sent?.challengeId, proofToken: done?.proofToken });
    await expectNoComplaints(visited);
  });

  it("is a field of a form, whose value is the proof", async () => {
    await using visited = await visit({ attributes: 'name="proof"', around: "<form>|</form>" });
    const value = () => visited.page.evaluate("new FormData(document.querySelector('form')).get('proof')");
    expect(await value()).toBeNull();
    const phone = await askForCode(visited);
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "Verified");
    expect(await value()).toMatch(/^ey/);
  });

  it("tells a wrong code from what is left, empties the field and keeps the focus there", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    const { code } = await message(phone);
    await visited.field.pressSequentially(wrong(code));
    await shows(visited, "That code is not right. 4 attempts left.");
    expect(await visited.field.inputValue()).toBe("");
    expect(await visited.field.getAttribute("aria-invalid")).toBe("true");
    expect(await focusOf(visited.page)).toBe("code");
    expect((await visited.told()).at(-1)).toEqual({ type: "countersign-failed", reason: "CODE_MISMATCH", attemptsRemaining: 4 });
    await visited.field.pressSequentially(code.slice(0, 1));
    expect(await visited.problem.textContent()).toBe("");
    expect(await visited.field.getAttribute("aria-invalid")).toBeNull();
    await visited.field.pressSequentially(code.slice(1));
    await shows(visited, "Verified");
  });

  it("reaches an address by email", async () => {
    await using visited = await visit({ attributes: 'channels="email"' });
    const address = `ada${Date.now()}@example.com`;
    await askForCode(visited, address);
    await shows(visited, /We sent an email to a•+/);
    await visited.field.fill((await message(address)).code);
    await shows(visited, "Verified");
    expect((await visited.told()).at(-1)).toMatchObject({ channel: "email" });
  });

  it("counts down by the server's time, sends again, and then only the new code is right", async () => {
    await using visited = await visit();
    // A device whose clock is a day ahead must not let anybody press too soon.
    await visited.page.evaluate("(() => { const now = Date.now; Date.now = () => now() + 864e5; })()");
    const phone = await askForCode(visited);
    const first = await message(phone);
    const again = visited.button("Send again");
    await shows(visited, /You can ask for another one in 0:0[12]/);
    expect(await again.isDisabled()).toBe(true);
    await shows(visited, "You can ask for another code now.");
    expect(await again.isDisabled()).toBe(false);
    await again.click();
    await shows(visited, /another one in 0:0/);
    const second = await message(phone);
    expect(second.challengeId).toBe(first.challengeId);
    await visited.field.fill(second.code);
    await shows(visited, "Verified");
    expect((await visited.told()).map(({ type }) => type)).toEqual(["countersign-sent", "countersign-sent", "countersign-verified"]);
  });

  it("offers the other channels, and says which one it was", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    await visited.element.getByRole("button", { name: "Call me", disabled: false }).click();
    await shows(visited, /We are calling/);
    expect(await message(phone)).toMatchObject({ channel: "voice" });
    expect(await visited.button("Text me").count()).toBe(1);
    expect(await visited.button("Call me").count()).toBe(0);
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "Verified");
  });

  it("changes its language in the middle, and stays where it was", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    await visited.element.evaluate((element) => element.setAttribute("locale", "fr"));
    await shows(visited, "Saisissez le code à 6 chiffres");
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "Vérifié");
    expect((await visited.told()).map(({ type }) => type)).toEqual(["countersign-sent", "countersign-verified"]);
  });

  it("goes on where it was when the page moves it", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    await visited.element.evaluate((element) => document.body.append(element));
    await shows(visited, /We sent a text message to/);
    await visited.field.fill((await message(phone)).code);
    await shows(visited, "Verified");
  });

  it("has a captcha solved where the service wants one, by the page", async () => {
    await using visited = await visit();
    const tokens: unknown[] = [];
    await visited.page.route("**/SendCode", (route) => {
      const { captchaToken } = route.request().postDataJSON() as { captchaToken?: string };
      tokens.push(captchaToken);
      return captchaToken ? route.continue() : route.fulfill(captchaRequired);
    });
    await visited.field.fill(newPhone());
    await visited.button("Send code").click();
    await shows(visited, "Codes are not set up correctly on this page.");
    await visited.element.evaluate((element) => {
      Object.assign(element, { solveCaptcha: async (kind: string) => `answer to ${kind}` });
    });
    await visited.button("Send code").click();
    await visited.element.getByLabel("Enter the 6-digit code").waitFor();
    expect(tokens).toEqual([undefined, undefined, "answer to altcha"]);
  });

  it("says that the page is set up wrong, not that the person was, when the key is", async () => {
    await using visited = await visit();
    await visited.element.evaluate((element) => element.setAttribute("key", "cs_unknown"));
    await visited.field.fill(newPhone());
    await visited.button("Send code").click();
    await shows(visited, "Codes are not set up correctly on this page.");
  });

  it("begins again with another number, and another promise", async () => {
    await using visited = await visit();
    const phone = await askForCode(visited);
    await visited.button("Use another number").click();
    await visited.element.getByLabel("Phone number").waitFor();
    expect(await focusOf(visited.page)).toBe("recipient");
    const other = await askForCode(visited);
    expect(other).not.toBe(phone);
    await visited.page.evaluate(`document.querySelector("countersign-code").enterCode("${(await message(other)).code}")`);
    await shows(visited, "Verified");
    await visited.page.evaluate("document.querySelector('countersign-code').reset()");
    await visited.element.getByLabel("Phone number").waitFor();
    expect(await visited.page.evaluate("Promise.race([document.querySelector('countersign-code').verified, 'open'])")).toBe("open");
  });
});

/** As the service says it, to a page of any origin. */
const captchaInfo = create(ErrorInfoSchema, { reason: "CAPTCHA_REQUIRED", domain: "countersign", metadata: { captcha: "altcha" } });
const captchaRequired = {
  status: 400,
  headers: { "access-control-allow-origin": "*" },
  json: {
    code: "failed_precondition",
    details: [{ type: "google.rpc.ErrorInfo", value: Buffer.from(toBinary(ErrorInfoSchema, captchaInfo)).toString("base64") }],
  },
};
