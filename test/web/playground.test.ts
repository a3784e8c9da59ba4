import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { generateSync } from "otplib";
import type { BrowserContextOptions, Page } from "playwright-core";
import { beforeAll, expect, it } from "vitest";
import { buildWeb } from "../../web/build.ts";
import { newPhone, wrong } from "../process/calls.ts";
import { type Service, startService } from "../process/service.ts";
import { runAxe } from "./axe.ts";
import { describeInBrowser, keepScreenshot, newPage } from "./browser.ts";
import { expectNoComplaints, handsOn, shows, type Visit } from "./element.ts";

const desktop = { viewport: { width: 1280, height: 860 } };
const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

describeInBrowser("the playground", { concurrent: false }, () => {
  let service: Service;
  beforeAll(async () => {
    await buildWeb();
    service = await startService({ env: { COUNTERSIGN__applications__0__limits__cooldownsSeconds: "[0]" } });
  });

  async function open(options: BrowserContextOptions = desktop): Promise<Visit> {
    const opened = await newPage(options);
    await opened.page.goto(`http://${service.http}/`);
    return handsOn(opened);
  }

  it.each<[string, BrowserContextOptions]>([
    ["desktop-light", { ...desktop, colorScheme: "light" }],
    ["desktop-dark", { ...desktop, colorScheme: "dark" }],
    ["phone-light", { ...phone, colorScheme: "light" }],
    ["phone-dark", { ...phone, colorScheme: "dark" }],
  ])("shows a code arrive and verifies it: %s", async (name, options) => {
    await using visited = await open(options);
    const { page, element, field } = visited;
    const keep = (step: string) => keepScreenshot(page, `playground-${name}-${step}`);
    const found: string[] = [];
    const look = async (step: string) => {
      if (!options.isMobile || step.startsWith("4"))
        found.push(...(await runAxe(page)).violations.map((violation) => `${step}: ${violation}`));
      await keep(step);
    };
    await element.locator("option").first().waitFor({ state: "attached" });
    await look("1-begin");
    await field.fill(newPhone());
    await visited.button("Send code").click();
    const code = await arrived(page);
    await look("2-sent");
    await field.fill(wrong((await code.textContent()) ?? ""));
    await page.locator("#timeline").getByText("Wrong code: 4 guesses left").waitFor();
    await shows(visited, "4 attempts left.");
    await look("3-wrong");
    await code.click();
    await page.locator("#timeline").getByText("Verified").waitFor();
    await page.locator("#proof").getByText("Signature").waitFor();
    await look("4-verified");
    expect(await page.locator("#timeline li > span").allTextContents()).toEqual([
      expect.stringMatching(/^Challenge opened for \+49•+\d{3}$/),
      "SMS accepted by inbox",
      "Wrong code: 4 guesses left",
      "Verified",
    ]);
    expect(await page.locator("#proof .bad").count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(options.viewport?.width);
    expect(found).toEqual([]);
    await expectNoComplaints(visited);
  });

  it("plays the call, and renders the email in a frame of its own", async () => {
    await using visited = await open();
    const { page } = visited;
    await visited.field.fill(newPhone());
    await visited.button("Send code").click();
    await arrived(page);
    await page.locator("countersign-code").getByRole("button", { name: "Call me", disabled: false }).click();
    await page.locator(".message.voice").getByText("Your Countersign Dev code is").waitFor();
    expect(await page.evaluate(() => "speechSynthesis" in globalThis)).toBe(true);
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      speechSynthesis.speak = ({ text }) => said.push(text);
    });
    await page.getByRole("button", { name: "Play the call" }).click();
    expect(await page.evaluate(() => (globalThis as unknown as { said: string[] }).said)).toEqual([
      expect.stringMatching(/\d, \d, \d, \d, \d, \d/),
    ]);
    await visited.button("Use another number").click();
    await visited.element.getByText("Email", { exact: true }).click();
    await visited.field.fill("ada@example.com");
    await visited.button("Send code").click();
    const email = page.frameLocator(".mail-frame iframe");
    await email.getByText(/^\d{6}$/).waitFor();
    expect(await email.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor)).not.toBe("rgba(0, 0, 0, 0)");
    await keepScreenshot(page, "playground-desktop-light-5-call-and-email");
    await expectNoComplaints(visited);
  });

  it("shows every call as JSON, and as commands that work as they stand", async () => {
    await using visited = await open();
    const { page } = visited;
    await visited.field.fill(newPhone());
    await visited.button("Send code").click();
    await arrived(page);
    const [, answer] = await page.locator("#call-body pre").allTextContents();
    const { challenge } = JSON.parse(answer ?? "");
    expect(challenge).toMatchObject({ state: "CHALLENGE_STATE_PENDING", channel: "CHANNEL_SMS" });
    await page.getByRole("tab", { name: "curl", exact: true }).click();
    // The request has an idempotency key: the same challenge answers, and nothing is sent again.
    const command = await page.locator("#call-body pre").textContent();
    const { stdout } = await promisify(execFile)("sh", ["-c", command ?? ""]);
    expect(JSON.parse(stdout).challenge.challengeId).toBe(challenge.challengeId);
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#call-body pre").textContent()).toContain(`${service.grpc} countersign.v1.CodeService/SendCode`);
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#call-body pre").textContent()).toContain("client.sendCode(");
    await visited.field.fill("000000");
    await page.locator("#call-list").getByText("CODE_MISMATCH").waitFor();
    await page.getByRole("tab", { name: "JSON" }).click();
    expect(await page.locator("#call-body").textContent()).toContain('"attempts_remaining": "4"');
    await page
      .locator("#call-list")
      .getByRole("button", { name: /SendCode/ })
      .click();
    expect(await page.locator("#call-body").textContent()).toContain('"phoneNumber"');
  });

  it("confirms a payment, whose proof says so", async () => {
    await using visited = await open();
    const { page } = visited;
    await page.getByLabel("Scenario").selectOption("payment");
    await visited.field.fill(newPhone());
    await visited.button("Send code").click();
    const code = await arrived(page);
    expect(await page.locator(".message.sms").last().textContent()).toContain("48.50 EUR");
    await code.click();
    await page.locator("#proof").getByText("payment").first().waitFor();
    expect(await page.locator("#proof").textContent()).toContain("binding_sha256");
  });

  it("enrols an authenticator app, and signs in with it, each code once", async () => {
    await using visited = await open();
    const { page } = visited;
    const card = page.locator("#enrolment");
    await card.getByRole("button", { name: "Enrol an app" }).click();
    const qr = card.getByRole("img", { name: "QR code of the secret" });
    await expect.poll(() => qr.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(50);
    await keepScreenshot(page, "playground-desktop-light-7-authenticator");
    expect((await runAxe(page)).violations).toEqual([]);
    const secret = ((await card.locator(".secret").textContent()) ?? "").replaceAll(" ", "");
    const now = Math.floor(Date.now() / 1000);
    const [code, next] = [now, now + 30].map((epoch) => generateSync({ secret, epoch }));
    const field = card.getByLabel("Code of the app");
    const enter = async (text: string | undefined) => {
      await field.fill(text ?? "");
      await field.press("Enter");
    };
    await enter(wrong(code ?? ""));
    await card.getByText("CODE_MISMATCH").waitFor();
    await enter(code);
    await card.getByText("The app is in use.").waitFor();
    await enter(code);
    await card.getByText("CODE_MISMATCH").waitFor();
    await enter(next);
    await card.getByText("Verified.").waitFor();
    await expectNoComplaints(visited);
  });

  it("speaks other languages, and has a theme of its own choice", async () => {
    await using visited = await open({ ...desktop, colorScheme: "light" });
    const { page } = visited;
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByLabel("Theme").selectOption("dark");
    expect(await background()).not.toBe(light);
    await page.getByLabel("Language").selectOption("ar");
    await shows(visited, "إرسال الرمز");
    await visited.field.fill(newPhone());
    await visited.element.locator("button[type=submit]").click();
    await arrived(page);
    await keepScreenshot(page, "playground-desktop-dark-6-arabic");
  });

  it("is there at once", async ({ annotate }) => {
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      await using visited = await open();
      const { page } = visited;
      const paint = await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
      times.push(Math.round((await paint.jsonValue()) ?? Number.NaN));
    }
    await annotate(`first contentful paint: ${times.join(", ")} ms`);
    expect(Math.min(...times)).toBeLessThan(2_000);
  });
});

/** The last code on the phone that belongs to the challenge of this page. */
async function arrived(page: Page) {
  await page.locator("countersign-code #code").waitFor();
  const [challengeId] = await page.evaluate(() => Object.values({ ...sessionStorage }));
  const code = page.locator(`[data-challenge="${challengeId}"] .code`).last();
  await code.waitFor();
  return code;
}
